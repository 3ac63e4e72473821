# SPDX-License-Identifier: BSD-2-Clause
# A client without any library: bpf(2) by its number. Prints "ok" lines.
import ctypes, mmap, os, select, socket, struct, threading
libc = ctypes.CDLL(None, use_errno=True)

def bpf(cmd, attr):
    buf = ctypes.create_string_buffer(attr.ljust(128, b"\0"), 128)
    ret = libc.syscall(321, cmd, buf, 128)
    return (ret if ret >= 0 else -ctypes.get_errno()), buf.raw

def addr(b): return ctypes.addressof(b)
def check(ok, what): print("ok" if ok else "not ok", what)

fd, _ = bpf(0, struct.pack("IIIII", 1, 4, 8, 10, 0))
check(fd >= 0, "map created")
k, v = ctypes.create_string_buffer(4), ctypes.create_string_buffer(8)
k.raw, v.raw = struct.pack("I", 5), struct.pack("Q", 77)
elem = lambda fd, flags=0: struct.pack("IxxxxQQQ", fd, addr(k), addr(v), flags)
check(bpf(2, elem(fd))[0] == 0, "update")
v.raw = bytes(8)
check(bpf(1, elem(fd))[0] == 0 and struct.unpack("Q", v.raw)[0] == 77, "lookup")
check(bpf(1, struct.pack("IxxxxQQQ", fd, addr(k), 1, 0))[0] == -14, "a bad pointer is EFAULT")
check(bpf(1, elem(0))[0] == -22, "another file is EINVAL")
check(bpf(1, elem(999))[0] == -9, "no file is EBADF")
check(bpf(99, b"")[0] == -22, "no such command is EINVAL")
ro = mmap.mmap(-1, 4096, prot=mmap.PROT_READ)

# a descriptor keeps its object: dup, fork, SCM_RIGHTS
dup = os.dup(fd)
os.close(fd)
check(bpf(1, elem(dup))[0] == 0, "dup keeps the map")
pid = os.fork()
if pid == 0:
    os._exit(0 if bpf(1, elem(dup))[0] == 0 else 1)
check(os.waitpid(pid, 0)[1] == 0, "a child has it too")
a, b = socket.socketpair()
socket.send_fds(a, [b"x"], [dup])
os.close(dup)
_, fds, _, _ = socket.recv_fds(b, 1, 1)
check(bpf(1, elem(fds[0]))[0] == 0, "SCM_RIGHTS keeps it")
os.close(fds[0])
import time
for i in range(50):
    if bpf(12, struct.pack("I", 0))[0] < 0: break
    time.sleep(0.02)
check(bpf(12, struct.pack("I", 0))[0] == -2, "the last close ends it")
late = 0
for i in range(500):
    os.close(bpf(0, struct.pack("IIIII", 2, 4, 8, 16, 0))[0])
    late += bpf(12, struct.pack("I", 0))[0] != -2
check(late == 0, "what is closed at once has ended at once")

# an array that is mapped
arr, _ = bpf(0, struct.pack("IIIII", 2, 4, 8, 512, 1 << 10))
m = mmap.mmap(arr, 4096)
m[8:16] = struct.pack("Q", 123)
k.raw = struct.pack("I", 1)
check(bpf(1, elem(arr))[0] == 0 and struct.unpack("Q", v.raw)[0] == 123, "mmap of an array")

# threads at once
errors = []
def work(n):
    for i in range(200):
        kk, vv = ctypes.create_string_buffer(struct.pack("I", n), 4), ctypes.create_string_buffer(struct.pack("Q", i), 8)
        if bpf(2, struct.pack("IxxxxQQQ", arr, addr(kk), addr(vv), 0))[0]: errors.append(n)
        r = bpf(1, struct.pack("IxxxxQQQ", arr, addr(kk), addr(vv), 0))[0]
        if r or struct.unpack("Q", vv.raw)[0] != i: errors.append(n)
ts = [threading.Thread(target=work, args=(n,)) for n in range(8)]
[t.start() for t in ts]; [t.join() for t in ts]
check(not errors, "eight threads")

# a program, run
insns = struct.pack("<BBhi", 0xb7, 0, 0, 42) + struct.pack("<BBhi", 0x95, 0, 0, 0)
ib, lic = ctypes.create_string_buffer(insns), ctypes.create_string_buffer(b"GPL")
prog, _ = bpf(5, struct.pack("IIQQ", 1, 2, addr(ib), addr(lic)))
check(prog >= 0, "program loaded")
data = ctypes.create_string_buffer(64)
r, out = bpf(10, struct.pack("IIIIQQII", prog, 0, 64, 0, addr(data), 0, 1, 0))
check(r == 0 and struct.unpack_from("I", out, 4)[0] == 42, "and run")
link = os.readlink("/proc/self/fd/%d" % prog)
check(link == "anon_inode:bpf-prog", "the descriptor's name")
check("prog_type:\t1" in open("/proc/self/fdinfo/%d" % prog).read(), "fdinfo")

# limits and identity
import resource
resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
check(True, "RLIMIT_MEMLOCK")
check(os.geteuid() == 0, "root inside")
