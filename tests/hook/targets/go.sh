# SPDX-License-Identifier: BSD-2-Clause
# 100 requests that make N calls together. Usage: go.sh N
rm -f "$WORK/addr"
"$WORK/goserver" "$WORK/addr" &
server=$!
until [ -s "$WORK/addr" ]; do sleep 0.05; done
i=0
while [ $i -lt 25 ]; do
	for j in 1 2 3 4; do
		curl -s "http://$(cat "$WORK/addr")/?n=$(($1 / 100))" &
		eval "c$j=\$!"
	done
	wait $c1 $c2 $c3 $c4
	i=$((i + 1))
done
curl -s "http://$(cat "$WORK/addr")/total"
kill -0 $server && echo "the server lives"
kill $server
