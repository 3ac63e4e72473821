#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Debian's javagc, unmodified, on a Java machine: its static probes, found by libbpf in the running process. Usage: javagc.sh BUILD
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.subr"
need javagc java javac
cat >"$work/Gc.java" <<'END'
public class Gc {
	public static void main(String[] a) throws Exception {
		System.out.println("ready");
		while (!new java.io.File(a[0]).exists())
			Thread.sleep(20);
		for (int i = 0; i < 5; i++)
			System.gc();
		System.out.println("done");
		while (new java.io.File(a[0]).exists())
			Thread.sleep(20);
	}
}
END
cat >"$work/both.sh" <<'END'
work=$1
java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto -Xmx32m -cp "$work" Gc "$work/go" >"$work/java" 2>&1 &
java=$!
until grep -q ready "$work/java"; do sleep 0.1; done
javagc -p $java -t 0 >"$work/tool" 2>&1 &
tool=$!
n=0
until grep -qs skep-agent /proc/$java/smaps || [ $n -ge 200 ]; do sleep 0.1; n=$((n + 1)); done
sleep 0.5
: >"$work/go"
until grep -q done "$work/java"; do sleep 0.1; done
sleep 1
kill -INT $tool
wait $tool
rm "$work/go"
wait $java
END
javac -d "$work" "$work/Gc.java" || { fail "Gc.java does not compile"; finish; }
timeout -k 1 90 "$skep" exec -- sh "$work/both.sh" "$work"
n=$(grep -c '^[0-9:]* *[0-9]* *[0-9]* *[0-9]* *$' "$work/tool")
[ "$n" = 5 ] && ok "collections of a Java machine" || { fail "collections of a Java machine: $n"; cat "$work/tool" "$work/java"; }
finish
