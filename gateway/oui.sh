#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes the file of makers that posternd reads ([paths] oui in postern.conf) from the IEEE's list:
# sorted lines "AABBCC Maker".
# usage: oui.sh [/usr/share/ieee-data/oui.txt] >/usr/share/postern/oui
set -eu

list=${1:-/usr/share/ieee-data/oui.txt}
if [ ! -r "$list" ]; then
	echo "oui.sh: $list cannot be read; Debian's package ieee-data has it" >&2
	exit 1
fi
tr -d '\r' <"$list" |
	sed -n -e 's/[[:space:]]*$//' \
		-e 's/^\([0-9A-F]\{6\}\)[[:space:]]*(base 16)[[:space:]]*\(..*\)$/\1 \2/p' |
	LC_ALL=C sort -u -k 1,1
