#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Writes the files of the owner's pages, compressed, into one assembler file with a table of them
# (struct page of web/pages.h; every item is as wide as an address, so one text does for all
# machines). The same files give the same bytes.
#
# usage: embed.sh OUT.S ROOT FILE...	files are below ROOT; compressed copies go beside OUT.S

set -eu
LC_ALL=C
export LC_ALL

out=$1
root=$2
shift 2
dir=$out.d

type_of() {
	case $1 in
	*.html) echo 'text/html; charset=utf-8' ;;
	*.js | *.mjs) echo 'text/javascript; charset=utf-8' ;;
	*.css) echo 'text/css; charset=utf-8' ;;
	*.json) echo 'application/json' ;;
	*.webmanifest) echo 'application/manifest+json' ;;
	*.svg) echo 'image/svg+xml' ;;
	*.png) echo 'image/png' ;;
	*.ico) echo 'image/x-icon' ;;
	*.txt) echo 'text/plain; charset=utf-8' ;;
	*)
		echo "embed.sh: nobody knows the type of $1" >&2
		exit 1
		;;
	esac
}

rm -rf "$dir"
mkdir -p "$dir"
{
	echo '/* Made by web/embed.sh. */'
	n=0
	for file in "$@"; do
		n=$((n + 1))
		path=${file#"$root"}
		type=$(type_of "$path")
		gzip -9 -n <"$file" >"$dir/$n.gz"
		etag=$(sha256sum <"$file" | cut -c1-16)
		echo '	.section .rodata'
		echo "path$n:	.asciz \"$path\""
		echo "type$n:	.asciz \"$type\""
		echo "etag$n:	.asciz \"\\\"$etag\\\"\""
		echo "data$n:	.incbin \"$dir/$n.gz\""
		echo "end$n:"
	done
	echo '	.section .data.rel.ro,"aw"'
	echo '	.balign 8'
	echo '	.globl pages_table'
	echo 'pages_table:'
	i=0
	while [ $i -lt $n ]; do
		i=$((i + 1))
		echo "	.dc.a path$i, type$i, etag$i, data$i, end$i - data$i"
	done
	echo '	.globl pages_count'
	echo "pages_count:	.dc.a $n"
	echo '	.section .note.GNU-stack,"",%progbits'
} >"$out.tmp"
mv "$out.tmp" "$out"
