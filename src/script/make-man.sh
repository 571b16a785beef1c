#!/bin/sh
# make-man.sh - write vmtap-script.7, the language's manual, to stdout: vmtap-script.7.in with the tables put in
#
# Methods come from methods.def, fields from types.h, functions from vmtap.h.in, each with the comment that it has there: what
# is added to the language is in its manual.
set -eu
cd "$(dirname "$0")"

# Lines of C, an item each: "TYPE NAME(PARAMETERS);" or "TYPE NAME;", with a comment in front, which may be of several lines,
# or behind. $1: what stands in front of a name: "m." of a method, "." of a field.
items() {
	awk -v before="$1" '
	function text(s) {
		gsub(/\\/, "\\e", s)
		sub(/^[.'\'']/, "\\\\\\&&", s)
		gsub(/[.?] /, "&\n", s)
		gsub(/ \n/, "\n", s)
		return s
	}
	function flush() {
		if (head == "") return
		print ".It Xo"
		print head
		print ".Xc"
		if (note != "") print text(note)
		head = note = ""
	}
	BEGIN { print ".Bl -tag -width Ds" }
	/^[[:blank:]]*\/?\*/ { # a comment of its own
		flush()
		line = $0
		sub(/^[[:blank:]]*\/?\*+\/?[[:blank:]]*/, "", line)
		sub(/[[:blank:]]*\*\/[[:blank:]]*$/, "", line)
		pending = pending (pending == "" ? "" : " ") line
		next
	}
	/;/ {
		declaration = $0
		said = ""
		if (match(declaration, /\/\*.*\*\//)) {
			said = substr(declaration, RSTART + 2, RLENGTH - 4)
			declaration = substr(declaration, 1, RSTART - 1)
		}
		gsub(/^[[:blank:]]+|[[:blank:]]+$/, "", said)
		gsub(/^[[:blank:]]+|[[:blank:]]*;[[:blank:]]*$/, "", declaration)
		sub(/ *__attribute__.*/, "", declaration)
		parameters = ""
		is_function = match(declaration, /\(/)
		if (is_function) {
			parameters = substr(declaration, RSTART + 1)
			sub(/\)$/, "", parameters)
			declaration = substr(declaration, 1, RSTART - 1)
		}
		match(declaration, /[A-Za-z_][A-Za-z_0-9]*(\[.*\])?$/)
		name = substr(declaration, RSTART)
		type = substr(declaration, 1, RSTART - 1)
		sub(/ $/, "", type)
		list = sub(/\[.*\]/, "", name)
		if (list) type = "list of " type
		flush()
		if (is_function) {
			head = ".Ft \"" type "\"\n.Fn " before name
			n = split(parameters, p, /, */)
			for (i = 1; i <= n && parameters != "void"; i++) head = head " \"" p[i] "\""
		} else {
			head = ".Li \\&" before name "\n.Pq Vt \"" type "\""
		}
		note = said != "" ? said : pending
		pending = ""
	}
	/^[[:blank:]]*$/ { pending = "" }
	END { flush(); print ".El" }'
}

# The members of struct $1 of types.h
members() {
	sed -n "/^struct $1 {/,/^};/p" types.h | sed '1d; $d'
}

# methods WORD - rows of methods.def that begin with it
methods() {
	sed -nE "/^$1\\(/ {"'
		N
		s/^[A-Z_]*METHOD\(([^,]*), ([a-z0-9_]+), \(([^)]*)\), \([^)]*\),\n[[:space:]]*"(.*)"\)$/\1 \2(\3); \/* \4 *\//
		s/\* ([a-z0-9_]+\()/*\1/
		p
	}' methods.def
}

# What is declared between the checks and the innards
functions() {
	sed -n '/^#define unlike(/,/^\/\* ---- How it works/p' vmtap.h.in | sed '1d; $d'
}

while IFS= read -r line; do
	case $line in
	@VM_FIELDS@) members vm_options | items . ;;
	@NET_FIELDS@) members net_options | items . ;;
	@RESULT_FIELDS@) members result | items . ;;
	@METHODS@) methods METHOD | items m. ;;
	@NET_METHODS@) methods NET_METHOD | items lan. ;;
	@FUNCTIONS@) functions | items '' ;;
	*) printf '%s\n' "$line" ;;
	esac
done <vmtap-script.7.in
