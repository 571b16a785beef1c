#!/bin/sh
# make-licenses.sh - print what `vmtap licenses` has inside: of which packages vmtap is made, as an item list; then the rows
# of vendor/licenses; then, after an empty line, the notices of what is linked in, from the pinned sources
set -eu
vendor=$(cd "$(dirname "$0")/../../vendor" && pwd)

# file PACKAGE NAME - a file of the pinned source
file() {
	tar -xOf "$("$vendor/get" "$1")" --wildcards "$2"
}

awk '!/^#/ { printf "%s%s %s", between, $1, $2; between = ", " } END { print "" }' "$vendor/pins"
awk '!/^#/ { row = $1 " " $2; $1 = $2 = ""; sub(/^ +/, ""); print row " " $0 }' "$vendor/licenses"

# musl: without the list of names and other processors' parts. regcomp() is another's, and asks for more.
printf '\nmusl\n\n'
file musl '*/COPYRIGHT' | sed -n '/^Copyright .* et al/,/^SOFTWARE OR/p'
echo
file musl '*/COPYRIGHT' | sed -n '/^Portions of this/,/^have been licensed/p'
echo
file musl '*/src/regex/regcomp.c' | sed -n '/Copyright (c)/,/^\*\//p' | sed '$d'
printf 'zlib\n\n'
file zlib '*/LICENSE' | sed -n '/(C)/,/gzip.org/p'
cat <<-'END'

	tcc

	  Copyright (c) 2001-2004 Fabrice Bellard and others

	  This library is free software; you can redistribute it and/or modify it under the terms of the GNU Lesser General
	  Public License as published by the Free Software Foundation; either version 2.1 of the License, or (at your option)
	  any later version. It is distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY; without even the
	  implied warranty of MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE. Its run-time part libtcc1 may be linked
	  with anything. Whoever wants another tcc inside: the sources named above make this program, with any change to them.

	The compiler adds parts of libgcc, which may be in any program (GPL-3.0-or-later WITH GCC-exception-3.1).
END
