#!/bin/sh
# make-header.sh - write vmtap.h, the dialect's header, to stdout: vmtap.h.in with the types and the methods put in
set -eu
cd "$(dirname "$0")"

# types.h between its marks
types() {
	sed '1,/begin of the dialect/d; /end of the dialect/,$d' types.h
}

# methods WORD - a comment and a member for each row of methods.def that begins with it
methods() {
	sed -nE "/^$1\\(/ {"'
		N
		s/^[A-Z_]*METHOD\(([^,]*), ([a-z0-9_]+), \(([^)]*)\), \([^)]*\),\n[[:space:]]*"(.*)"\)$/\t\/* \4 *\/\n\t\1 (*\2)(\3);/
		s/\* \(\*/*(*/
		s/\(\);$/(void);/
		p
	}' methods.def
}

while IFS= read -r line; do
	case $line in
	@TYPES@) types ;;
	@METHODS@) methods METHOD ;;
	@NET_METHODS@) methods NET_METHOD ;;
	*) printf '%s\n' "$line" ;;
	esac
done <vmtap.h.in
