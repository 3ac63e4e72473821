# SPDX-License-Identifier: BSD-2-Clause
# Every manual page is printed, and mandoc finds nothing to say about it. Usage: man.sh BUILD
B=$1
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
for page in $("$B/skep" man); do
	if ! "$B/skep" man "$page" >"$t/$page" || ! grep -q '^\.Sh DESCRIPTION' "$t/$page"; then
		echo "not ok $page"
	elif ! command -v mandoc >/dev/null; then
		echo "skip $page: no mandoc"
	elif mandoc -T lint -W warning "$t/$page" >"$t/lint"; then
		echo "ok $page"
	else
		cat "$t/lint"
		echo "not ok $page"
	fi
done
"$B/skep" man nothing 2>/dev/null
[ $? = 2 ] && echo "ok unknown page" || echo "not ok unknown page"
