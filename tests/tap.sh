# tap.sh - the points of a test that is a shell script; sourced, which also makes the folder $tmp and goes to the tree's top
cd "$(dirname "$0")/../.." || exit 1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
n=0 failed=0

# check NAME COMMAND... - a point; what a command says that fails is shown
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
		echo "$said" | tail -n 20 | sed 's/^/# /'
	fi
}
