# SPDX-License-Identifier: BSD-2-Clause
# A page of 3,000 bytes over TLS, from a server that starts here. Usage: ssl.sh DIRECTORY, which holds key, certificate and page.
cd "$1" || exit 1
port=$((20000 + $$ % 20000))
openssl s_server -accept 127.0.0.1:$port -key key.pem -cert cert.pem -WWW -quiet >/dev/null 2>&1 &
server=$!
i=0
until curl -sk "https://127.0.0.1:$port/page.html" -o /dev/null || [ $i -gt 50 ]; do
	sleep 0.1
	i=$((i + 1))
done
kill $server
