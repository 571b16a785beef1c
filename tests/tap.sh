# tap.sh - the points of a test that is a shell script; sourced, which also makes the folder $tmp and goes to the tree's top
#
#	. "$(dirname "$0")/../tap.sh"
#	plan 2
#	check "a text is there" [ -s "$tmp/text" ]
#	check "and good" good "$tmp/text"
#	exit $failed
cd "$(dirname "$0")/../.." || exit 1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
n=0 failed=0

# plan N - how many points there will be
plan() { echo "1..$1"; }

# bail_out WHY - there is nothing to test
bail_out() {
	echo "Bail out! $1"
	exit 1
}

# check NAME COMMAND... - a point; what a command says that fails is shown: on stderr, as prove shows no comments
check() {
	n=$((n + 1))
	name=$1
	shift
	if said=$("$@" 2>&1); then
		echo "ok $n - $name"
	else
		# shellcheck disable=SC2034 # the test exits with it
		failed=1
		echo "not ok $n - $name"
		printf '%s\n' "$name:" "$said" | tail -n 20 | sed 's/^/# /' >&2
	fi
}
