#!/bin/sh
# Writes the Traditional -> Simplified table for fold.c: sorted {from, to} pairs of single Han characters, as
# opencc (Debian package) converts them. Run at build time; fails loudly when opencc is missing.
set -eu
if ! command -v opencc >/dev/null 2>&1; then
	echo "t2s_table.sh: opencc is not installed (apt-get install opencc)" >&2
	exit 1
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# mawk's %c writes bytes, so UTF-8 is spelt out; one character a line keeps opencc from joining phrases.
LC_ALL=C awk '
function put(c) {
	if (c < 65536)
		printf "%c%c%c\n", 224 + int(c / 4096), 128 + int(c / 64) % 64, 128 + c % 64
	else
		printf "%c%c%c%c\n", 240 + int(c / 262144), 128 + int(c / 4096) % 64, 128 + int(c / 64) % 64, 128 + c % 64
}
BEGIN {
	for (c = 13312; c <= 40959; c++) put(c)    # U+3400..9FFF
	for (c = 63744; c <= 64255; c++) put(c)    # U+F900..FAFF
	for (c = 131072; c <= 196607; c++) put(c)  # U+20000..2FFFF
}' >"$dir/from"
opencc -c t2s -i "$dir/from" -o "$dir/to"
if [ "$(wc -l <"$dir/from")" != "$(wc -l <"$dir/to")" ]; then
	echo "t2s_table.sh: opencc changed the number of lines" >&2
	exit 1
fi
paste "$dir/from" "$dir/to" | LC_ALL=C awk -F '\t' '
BEGIN { for (i = 0; i < 256; i++) ord[sprintf("%c", i)] = i }
function point(s,  n, b) {
	n = length(s); b = ord[substr(s, 1, 1)]
	if (n == 3 && b >= 224 && b < 240)
		return (b - 224) * 4096 + (ord[substr(s, 2, 1)] - 128) * 64 + ord[substr(s, 3, 1)] - 128
	if (n == 4 && b >= 240)
		return (b - 240) * 262144 + (ord[substr(s, 2, 1)] - 128) * 4096 + (ord[substr(s, 3, 1)] - 128) * 64 + ord[substr(s, 4, 1)] - 128
	return -1
}
$1 != $2 {
	a = point($1); z = point($2)
	if (a > 0 && z > 0) { printf "{0x%X, 0x%X},\n", a, z; count++ }
}
END { if (count < 2000) { print "t2s_table.sh: only " count " pairs, is this opencc complete?" > "/dev/stderr"; exit 1 } }'
