# SPDX-License-Identifier: BSD-2-Clause
# Every rejection is shown by a text case, or stands in tests/t/uncovered.txt with what a case would need. That list only shrinks.
list=tests/t/uncovered.txt
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT

sed -n 's/^R(\([A-Z0-9_]*\),.*/\1/p' src/spec/reject.def | sort >"$t/rows"
grep -rhoE '^-- reject REJ_[A-Z0-9_]+' tests/t --include='*.t' | sed 's/.*REJ_//' | sort -u >"$t/shown"
sed -n 's/^\([A-Z0-9_]*\) .*/\1/p' "$list" | sort >"$t/listed"

sort "$t/shown" "$t/listed" | comm -23 "$t/rows" - | sed 's/.*/not ok REJ_& is shown by no case in tests\/t and is not in uncovered.txt/'
comm -12 "$t/shown" "$t/listed" | sed 's/.*/not ok REJ_& has a case now: take it out of uncovered.txt/'
comm -13 "$t/rows" "$t/listed" | sed 's/.*/not ok REJ_& in uncovered.txt is no rejection/'
grep -n 'no case yet' "$list" | sed 's/^/# /'
echo "ok $(comm -12 "$t/rows" "$t/shown" | wc -l) of $(wc -l <"$t/rows") rejections have a case"
