# suites.sh - suites once more, with the whole of vmtap under ASan and UBSan; sourced, prints TAP
#
#	. "$(dirname "$0")/suites.sh"
#	suites tests/dialect/run tests/cli/*.t
#
# One point a suite, and one for what the sanitizers wrote: a suite whose test expects a failure may not see theirs. Chosen
# is what runs code of vmtap's own that the unit tests, which are under ASan themselves, do not: a suite whose machines do
# again what another's did costs a processor's time for QEMU and for the guest, where there is no sanitizer.
. "$(dirname "$0")/../tap.sh"
export VMTAP="$PWD/build/asan-vmtap" ASAN_OPTIONS="log_path=$tmp/found"

# What was found first; an allocation refused is a warning.
nothing_found() { ! grep -hE -A 18 'ERROR: |runtime error: ' "$tmp"/found.* 2>/dev/null | head -n 20 | grep .; }

suites() {
	plan $(($# + 1))
	for suite; do check "$suite" tests/exec "$suite"; done
	check "nothing was found" nothing_found
	exit $failed
}
