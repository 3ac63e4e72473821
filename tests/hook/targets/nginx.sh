# SPDX-License-Identifier: BSD-2-Clause
# nginx with two workers under ab. Usage: nginx.sh REQUESTS
dir=$WORK/nginx
mkdir -p "$dir/html" "$dir/logs"
head -c 5000 /dev/zero | tr '\0' n >"$dir/html/index.html"
chmod -R a+rX "$WORK"
port=$((30000 + $$ % 10000))
cat >"$dir/nginx.conf" <<X
daemon off;
worker_processes 2;
pid $dir/pid;
error_log $dir/logs/error.log;
events { worker_connections 200; }
http {
	access_log off;
	keepalive_requests 1000000;
	sendfile off;
	server { listen 127.0.0.1:$port; location / { root $dir/html; } location = /hello { return 200 "hello\n"; } }
	client_body_temp_path $dir/t1; proxy_temp_path $dir/t2; fastcgi_temp_path $dir/t3; uwsgi_temp_path $dir/t4; scgi_temp_path $dir/t5;
}
X
nginx -p "$dir" -c "$dir/nginx.conf" &
server=$!
i=0
until ab -q -n 1 "http://127.0.0.1:$port/none" >/dev/null 2>&1 || [ $i -gt 100 ]; do sleep 0.05; i=$((i + 1)); done
ab -q -k -n $(($1 - 1)) -c 20 "http://127.0.0.1:$port/hello" >"$dir/ab" 2>&1
grep -E '^(Complete requests|Failed requests|Non-2xx|HTML transferred)' "$dir/ab"
grep -E '^Requests per second' "$dir/ab" >&2
kill -QUIT $server
wait $server
echo "end $?"
grep -c 'alert\|crit\|emerg' "$dir/logs/error.log"
