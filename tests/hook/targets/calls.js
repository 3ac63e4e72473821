// SPDX-License-Identifier: BSD-2-Clause
// N calls of a function of libuv, each with a system call, from code that the JIT compiles; exceptions and garbage in between.
const fs = require('fs');
const n = +process.argv[2];
let sum = 0, thrown = 0, list = [];
for (let i = 0; i < n; i++) {
	sum += process.ppid > 0 ? 1 : 0;
	if (i % 1000 == 0) {
		try { fs.statSync('/nonexistent' + i); } catch (e) { thrown++; }
		list = [...list.slice(-1000), { i, text: 'x' + i }];
	}
}
setTimeout(() => console.log(sum, thrown, list.length), 10);
