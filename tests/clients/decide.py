# SPDX-License-Identifier: BSD-2-Clause
# What clients do while programs decide about it: decide.py CASE. What they get is printed, equal on every kernel.
import array, os, signal, socket, subprocess, sys, threading

LO = "127.0.0.1"
TO, FROM, DENY = 28081, 28080, 28082


def said(fn, *args):
    try:
        return fn(*args)
    except OSError as e:
        return e.strerror


def server(port):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((LO, port))
    s.listen(5)
    return s


def connect(port):
    c = socket.create_connection((LO, port), 5)
    name = c.getpeername()
    c.close()
    return name


def case_connect():
    one, two = server(TO), server(DENY)
    print(said(connect, TO), said(connect, FROM), said(connect, DENY))
    s = socket.socket()
    s.setblocking(False)
    print(s.connect_ex((LO, FROM)) in (0, 115))
    del one, two


def case_bind():
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((LO, FROM))
    print(s.getsockname(), said(socket.socket().bind, (LO, DENY)))


def case_post_bind():
    for family, lo, any_ in (socket.AF_INET, LO, "0.0.0.0"), (socket.AF_INET6, "::1", "::"):
        for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
            s = socket.socket(family, kind)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            print(said(s.bind, (lo, DENY)), s.getsockname()[1], said(s.bind, (any_, TO)), said(s.bind, (lo, TO)), s.getsockname()[1],
                  said(s.bind, (lo, TO)))
            t = socket.socket(family, kind)
            t.bind((lo, 0))
            print(t.getsockname()[1] > 1023, said(socket.socket(family, kind).bind, (lo, t.getsockname()[1])),
                  said(socket.socket(family, kind).bind, ("192.0.2.1" if family == socket.AF_INET else "2001:db8::1", 0)))


def case_datagrams():
    a = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    a.bind((LO, TO))
    c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    c.sendto(b"one", (LO, FROM))
    data, who = a.recvfrom(100)
    a.sendmsg([b"tw", b"o"], [], 0, who)
    print(data, c.recvmsg(100)[0::3])
    a.sendto(b"three", who)
    print(c.recvfrom(100), said(c.sendto, b"no", (LO, DENY)))
    c.settimeout(0.1)
    print(said(c.recvfrom, 10))
    x, y = socket.socketpair()
    x.sendmsg([b"fd"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0]))])
    print(y.recvmsg(10, 100)[0])
    size = []

    def drain():
        size.append(sum(len(d) for d in iter(lambda: y.recv(65536), b"")))

    t = threading.Thread(target=drain)
    t.start()
    x.sendall(b"z" * 2000000)
    x.close()
    t.join()
    print(size)


def case_names():
    one = server(TO)
    c = socket.create_connection((LO, TO))
    print(c.getpeername()[1], one.getsockname()[1])


def case_sockets():
    print(said(socket.socket, socket.AF_INET, socket.SOCK_DGRAM), socket.socket().fileno() > 0)


def case_pairs():
    print(said(socket.socketpair, socket.AF_INET, socket.SOCK_DGRAM), socket.socketpair()[0].fileno() > 0)


def case_options():
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1000)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    print(s.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF), s.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
          said(s.setsockopt, socket.SOL_SOCKET, socket.SO_RCVBUF, 666))


def case_device():
    print(said(open, "/dev/zero"), open("/dev/null").name, open("/dev/stdin").name)


def case_open(name):
    for path in name, os.path.join(".", name), "/proc/self/cwd/" + name, os.path.abspath(name), name + ".link":
        print(said(open, path))
    print(said(os.open, name, os.O_PATH) > 0, open("/proc/self/comm").read() == open("/proc/%d/comm" % os.getpid()).read(), open("/proc/thread-self/comm").name)
    os.umask(0o027)
    with open("new", "w") as f:
        f.write("x")
    print(oct(os.stat("new").st_mode), open("new").read(), said(os.open, "new", os.O_CREAT | os.O_EXCL), said(os.open, "new", os.O_DIRECTORY),
          said(os.open, "none", os.O_RDONLY), said(os.open, ".", os.O_CREAT), said(os.open, "new/x", os.O_RDONLY), said(os.open, name + ".link", os.O_NOFOLLOW))
    os.mkfifo("fifo")
    w = threading.Timer(0.1, lambda: open("fifo", "w").write("through"))
    w.start()
    print(open("fifo").read())
    for f in "new", "fifo":
        os.unlink(f)


def case_exec():
    for cmd in ["/usr/bin/id", "-u"], ["./script"], ["/bin/echo", "yes"]:
        print(said(lambda: subprocess.run(cmd, capture_output=True).returncode))


def case_unlink(name):
    print(said(os.unlink, name), os.path.exists(name), said(os.mkdir, "dir"), said(os.mkdir, "dir"), said(os.rmdir, "dir"),
          said(os.rmdir, "dir"))


def case_rename(name):
    open("one", "w").close()
    print(said(os.rename, "one", "two"), said(os.rename, "two", name), said(os.rename, "two", "none/x"), os.path.exists("two"))


def case_bpf():
    r = subprocess.run(["bpftool", "map", "create", "/sys/fs/bpf/none", "type", "hash", "key", "4", "value", "4", "entries", "1", "name", "x"],
                       capture_output=True, text=True)
    print(r.stderr.strip(), subprocess.run(["bpftool", "prog"], capture_output=True).returncode)


def case_kill():
    p = subprocess.Popen(["sleep", "9"])
    print(said(os.kill, p.pid, 15), said(signal.pidfd_send_signal, os.pidfd_open(p.pid), 15), said(os.killpg, 0, 15))
    os.kill(p.pid, 9)
    print(p.wait())


globals()["case_" + sys.argv[1]](*sys.argv[2:])
