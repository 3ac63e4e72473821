# SPDX-License-Identifier: BSD-2-Clause
# The completion script is sound bash and completes verbs, choices and options. Usage: completion.sh BUILD
B=$1
t=$(mktemp)
trap 'rm -f "$t"' EXIT
"$B/skep" completion >"$t"

# complete WORD...: what the last word may become
complete()
{
	bash -c '. "$1"; shift; COMP_WORDS=(skep "$@"); COMP_CWORD=$#; _skep; echo "${COMPREPLY[@]}"' - "$t" "$@"
}
expect()
{
	want=$1
	shift
	got=$(complete "$@")
	[ "$got" = "$want" ] && echo "ok $*" || echo "not ok $*: $got, not $want"
}
bash -n "$t" && echo "ok syntax" || echo "not ok syntax"
expect "check" ch
expect "skep kernel both" check --on ""
expect "kernel" check --on k
expect "--sarif --step" check --s
expect "" check --btf ""
expect "" exec -- --s
"$B/skep" completion fish 2>/dev/null
[ $? = 2 ] && echo "ok unknown shell" || echo "not ok unknown shell"
