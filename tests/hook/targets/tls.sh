# SPDX-License-Identifier: BSD-2-Clause
# A page over TLS from a local server. Usage: tls.sh init | run
cd "$WORK" || exit 1
if [ "$1" = init ]; then
	openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost 2>/dev/null
	echo "this is the plain text of it" >secret.txt
	exit
fi
port=$((20000 + $$ % 10000))
openssl s_server -accept 127.0.0.1:$port -key key.pem -cert cert.pem -WWW -quiet >/dev/null 2>&1 &
server=$!
i=0
until curl -sk "https://127.0.0.1:$port/secret.txt" || [ $i -gt 50 ]; do sleep 0.1; i=$((i + 1)); done
kill $server
