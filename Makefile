# Makefile - vmtap. `make help` lists what there is.
#
# Objects go to build/: obj/ is vmtap, agent/ the guest side (small rather than fast), asan/ the same sources with
# sanitizers for the tests. Pinned dependencies are built once, into a cache outside the tree (vendor/README.md).

.SUFFIXES:
.SECONDARY:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

# ---- sources, room by room, lowest first; src/rooms says which may include which ----
base   = buf crc32c err fd file glimpse gzip host interrupt json log loop mem pidfd proc sha256 stream task text
wire   = frame link ready tree_pack tree_unpack
store  = entry list pack room seal store sum unpack
report = artifacts events excerpt github junit markup moment page phases point progress report sink summary tap tap_read timeline trace
image  = boot_disk bundle bundle_pack bundle_unpack container cpio cpio_read decompress dir disk embedded erofs erofs_read folder format front guest initramfs initrd kernel kernel_tree lz4 modules oci oci_files oci_image password partitions root seed source tar tar_pax tar_sparse tree vmlinux
net    = address faults pcap switch
screen = font picture
qemu   = accel arch arch_x86_64 canary command confine firmware freezer keys overlay probe qmp remember
machine = console disks events freezing handshake late login loss machine request saving screendump spec tpm unready waking wiring
state  = bases changes checkpoint ext4 frozen layer life making origin ram template template_key
world  = call door control copies findings forwards health jobs journal keep layers networks orders ocr outcome player recorder visitors screens typing watching world
script = asking blocks call callers checks compile deadline declare diagnose diff embed faults fields fields_guest format guard halt heap host libc libtcc limits lines locals method_console method_files method_jobs method_network method_ports method_screen method_units method_x11 methods names needs outline output run session shape show source stabs stages thunks traps unit vary
cmd    = attach bundle cache cached carried check choose completion doctor edit failed fallback freeze header help interact image job kept lacks licenses limits new operands options piped plan prepare prompt relay repl run runner schedule settings settle setups shell terminal texts visit work
agent  = accounts agent boot bus carried child cmdline configure connect dbus environment etc exec files front generation font health hosts inquiry kmsg lean machine_id main net passwd port power root run_level shell spare suspend sysfs tcp trees unit_facts unix_table users wait wait_file wait_port wait_quiet wait_sleep wait_try wait_tty wait_unit wait_unix

rooms   := $(filter-out main agent,$(shell sed -n 's/^\([a-z]*\):.*/\1/p' src/rooms))
room     = $(patsubst %,src/$(1)/%.c,$($(1)))
sources  = src/main.c $(foreach r,$(rooms),$(call room,$(r)))
# The agent's own files, and what of base/ and wire/ it is built from (unused functions are left out by the linker).
agent_sources = $(call room,agent) $(patsubst %,src/wire/%.c,frame tree_pack tree_unpack) \
	$(patsubst %,src/base/%.c,buf err fd file loop mem pidfd proc text)
# What the unit tests link with: every room but the script engine and what of the commands needs it, which are tested
# through the binary.
tested   = $(foreach r,$(filter-out script cmd,$(rooms)),$(call room,$(r))) $(patsubst %,src/cmd/%.c,edit fallback limits settle) src/script/diff.c src/script/names.c src/script/outline.c src/script/shape.c src/script/show.c src/script/stabs.c src/script/traps.c \
	$(filter-out src/agent/main.c,$(call room,agent))
units    = $(patsubst tests/unit/%.c,build/unit/%,$(wildcard tests/unit/*.c))
fuzzers  = $(patsubst tests/fuzz/fuzz_%.c,build/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
replays  = $(fuzzers:build/fuzz/%=build/replay/%)
# But for what takes a minute and an image of its own: `make porting-check` runs that.
examples = $(filter-out tests/examples/firefox.c,$(wildcard tests/examples/*.c))
# For `make full-check`: what takes minutes on a slow host, or asks for a quick one. Suites once more, under sanitizers; KVM in
# a guest; a QEMU, a bundle or a template that breaks in all ways there are; guests of others. The rest is `make check`.
thorough = $(filter-out %.c %.sh,$(wildcard tests/asan/*)) tests/cli/templates.t tests/qemu/freeze.t tests/vm/kvm.c tests/failures/run tests/dialect/syntax \
	tests/porting/reboot.c tests/examples/anywhere.c tests/reports/03-much-output.c \
	$(patsubst %,tests/cli/%.t,bundle agent tutorial machines cache shell waits stages roots environment confine kernels kvm prepare fullscreen) \
	$(patsubst %,tests/qemu/%.t,frozen same bases translations) $(patsubst %,tests/world/%,kernels.t narrow.t machines) \
	$(patsubst %,tests/build/%,action release reproducible) \
	$(patsubst %,tests/vm/%.c,clock disk declared carried cloud first keep_root keep_root_debian journal many many_networks much systemd tpm units virtual_clock)
# The longest first, for prove to end with short ones, on all processors.
long     = tests/cli/keep.t tests/cli/setup.t tests/cli/repl.t
tests    = $(long) $(filter-out $(long) $(thorough),$(wildcard tests/cli/*.t tests/qemu/*.t tests/world/*.t) tests/world/machines tests/consumers/run \
	$(wildcard tests/build/* tests/vm/*.c tests/reports/*.c tests/reports/*.t) $(examples) tests/porting/reboot.c \
	tests/dialect/run tests/dialect/syntax tests/failures/run \
	tests/fuzz/replay $(units))

# ---- flags ----
# Errors in CI and in `make lint`, not in a user's build: the next compiler knows more of them.
warnings = -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 \
	-Wimplicit-fallthrough -Wswitch-enum -Wvla -Wundef $(if $(filter true,$(CI)),-Werror)
common   = -std=gnu11 -D_GNU_SOURCE -Isrc -Ibuild/gen $(warnings) -MMD -MP -ffile-prefix-map=$(CURDIR)=.
CFLAGS   = -O2 -fno-omit-frame-pointer -fno-asynchronous-unwind-tables -fdata-sections -ffunction-sections
agent_flags = -Os -fomit-frame-pointer -fno-asynchronous-unwind-tables -fdata-sections -ffunction-sections
fuzz_flags  = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined
lint_flags  = $(filter-out -M%,$(common)) -I$(zlib)/include -isystem $(tcc)/src
asan_flags  = -O1 -g -fno-omit-frame-pointer -fno-optimize-sibling-calls -fsanitize=address,undefined -fno-sanitize-recover=undefined
LDFLAGS  = -static -Wl,--gc-sections -Wl,--build-id=none,-z,noseparate-code -s

# `make V=1` shows the commands.
Q = $(if $(V),,@)
say = @printf '  %-4s %s\n' $(1) $@

# What is installed beside it: manuals, and what lets shells complete command lines.
share = $(addprefix build/share/,man/man1/vmtap.1 man/man7/vmtap-script.7 bash-completion/completions/vmtap \
	zsh/site-functions/_vmtap fish/vendor_completions.d/vmtap.fish)

all: build/vmtap $(share)

# All processors, unless the caller said how many.
parallel = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))

# Where the pinned dependencies are; written by vendor/build, which builds what the cache lacks.
goals = $(or $(MAKECMDGOALS),all)
ifneq ($(filter-out help clean setup try check full-check lint bench fuzz bundle kit kernel kernel-check qemu own-qemu qemu-check states-check bundle-check porting-check guests-check report-check images licenses install uninstall,$(goals)),)
include build/deps.mk
endif
build/deps.mk: vendor/pins vendor/build vendor/common $(wildcard vendor/rules/*)
	@mkdir -p build
	@musl=$$(vendor/build musl) && zlib=$$(vendor/build zlib) && tcc=$$(vendor/build tcc) && \
	printf 'musl = %s\nzlib = %s\ntcc = %s\n' "$$musl" "$$zlib" "$$tcc" >$@

# ---- vmtap ----
build/vmtap: $(sources:src/%.c=build/obj/%.o)
	$(call say,LD)
	$(Q)$(musl)/bin/musl-cc $(LDFLAGS) -o $@ $^ $(zlib)/lib/libz.a

build/obj/%.o: src/%.c build/deps.mk Makefile
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(musl)/bin/musl-cc $(common) $(CFLAGS) -I$(zlib)/include $(extra_flags) -c -o $@ $<

# The engine is one with tcc: -isystem, because its sources are not ours to mend.
script_flags = -isystem $(tcc)/src -ffile-prefix-map=$(tcc)=tcc -Wa,-I,$(tcc) -Wa,-I,build/gen
build/obj/script/%.o: extra_flags = $(script_flags)
# tcc is compiled once a run and is a third of the binary: small rather than fast, which costs nothing measurable.
build/obj/script/libtcc.o: CFLAGS += -Os -fomit-frame-pointer
# What waits for machines, or for people: the same. The engine keeps its frame pointers: it finds a script's line by them.
build/obj/script/%.o: CFLAGS += -Os
$(foreach r,cmd report world machine state qemu screen store,build/obj/$(r)/%.o) build/obj/image/bundle%.o build/obj/image/container.o build/obj/image/oci%.o: CFLAGS += -Os -fomit-frame-pointer
build/obj/script/embed.o: build/gen/vmtap.h.gz
build/obj/cmd/licenses.o build/asan/cmd/licenses.o: extra_flags = -Wa,-I,build/gen
build/obj/cmd/licenses.o build/asan/cmd/licenses.o: build/gen/licenses.gz
build/obj/image/embedded.o: extra_flags = -Wa,-I,build
build/obj/image/embedded.o: build/vmtap-agent.gz

# vendor/get, and not a prefix of vendor/build: the notices are in the pinned sources.
build/gen/licenses.gz: src/cmd/make-licenses.sh vendor/licenses vendor/pins
	@mkdir -p $(@D)
	$(call say,GEN)
	$(Q)src/cmd/make-licenses.sh >build/gen/licenses && gzip -9nc build/gen/licenses >$@

build/gen/vmtap.h: src/script/make-header.sh src/script/vmtap.h.in src/script/types.h src/script/methods.def
	@mkdir -p $(@D)
	$(call say,GEN)
	$(Q)src/script/make-header.sh >$@

build/gen/vmtap.h.gz: build/gen/vmtap.h
	$(call say,GZIP)
	$(Q)gzip -9nc $< >$@

build/share/man/man1/vmtap.1: src/cmd/vmtap.1
	@mkdir -p $(@D)
	$(Q)cp $< $@
build/share/man/man7/vmtap-script.7: src/script/make-man.sh $(addprefix src/script/,vmtap-script.7.in vmtap.h.in types.h methods.def)
	@mkdir -p $(@D)
	$(call say,GEN)
	$(Q)src/script/make-man.sh >$@
build/share/bash-completion/%: completes = bash
build/share/zsh/%: completes = zsh
build/share/fish/%: completes = fish
$(filter-out build/share/man/%,$(share)): build/vmtap
	@mkdir -p $(@D)
	$(call say,GEN)
	$(Q)build/vmtap completion $(completes) >$@

# ---- the agent ----
build/vmtap-agent: $(agent_sources:src/%.c=build/agent-obj/%.o)
	$(call say,LD)
	$(Q)$(musl)/bin/musl-cc $(LDFLAGS) -o $@ $^

build/vmtap-agent.gz: build/vmtap-agent
	$(call say,GZIP)
	$(Q)gzip -9nc $< >$@

build/agent-obj/%.o: src/%.c build/deps.mk Makefile
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(musl)/bin/musl-cc $(common) $(agent_flags) -c -o $@ $<

# ---- tests: the same sources under ASan and UBSan, with the host's libc ----
build/asan/libvmtap.a: $(tested:src/%.c=build/asan/%.o)
	@rm -f $@
	$(call say,AR)
	$(Q)ar rcs $@ $^

build/asan/%.o: src/%.c build/deps.mk Makefile
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)gcc $(common) $(asan_flags) -I$(zlib)/include $(extra_flags) -c -o $@ $<

build/asan/image/embedded.o: extra_flags = -Wa,-I,build
build/asan/image/embedded.o: build/vmtap-agent.gz

# The whole of vmtap like that, for tests/asan. tcc's sources shift and misalign: no UBSan for what is not ours.
build/asan-vmtap: tests/asan/options.c $(sources:src/%.c=build/asan/%.o)
	$(call say,LD)
	$(Q)gcc $(common) $(asan_flags) -MT $@ -MF $@.d -o $@ $(filter %.c %.o,$^) $(zlib)/lib/libz.a -lcrypt -lm

build/asan/script/%.o: extra_flags = $(script_flags)
build/asan/script/libtcc.o: extra_flags = $(script_flags) -fno-sanitize=undefined -DCONFIG_TCC_STATIC
build/asan/script/embed.o: build/gen/vmtap.h.gz

build/unit/%: tests/unit/%.c build/asan/libvmtap.a
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)gcc $(common) $(asan_flags) -MT $@ -MF $@.d -I$(zlib)/include -o $@ $< $(filter %.o %.a,$^) $(zlib)/lib/libz.a -lcrypt -lm $(wrap)

# The calls that faults.c lets fail are the ones that it names.
build/unit/faults: wrap = $(shell sed -n 's/^WRAP[_A-Z]*.\([a-z0-9_]*\),.*/-Wl,--wrap=\1/p' tests/unit/faults.c)

# A fuzzer twice: to run its corpus again as a test, and with libFuzzer to look for more.
build/replay/%: tests/fuzz/fuzz_%.c build/asan/libvmtap.a
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)gcc $(common) $(asan_flags) -DFUZZ_REPLAY -MT $@ -MF $@.d -I$(zlib)/include -o $@ $< $(filter %.o %.a,$^) $(zlib)/lib/libz.a -lcrypt -lm

build/fuzz/%: tests/fuzz/fuzz_%.c $(tested:src/%.c=build/fuzz-obj/%.o)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)clang $(common) $(fuzz_flags) -fsanitize=fuzzer -MT $@ -MF $@.d -I$(zlib)/include -o $@ $< $(filter %.o %.a,$^) $(zlib)/lib/libz.a -lcrypt -lm

build/fuzz-obj/%.o: src/%.c build/deps.mk Makefile
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)clang $(common) $(fuzz_flags) -fsanitize=fuzzer-no-link -I$(zlib)/include $(extra_flags) -c -o $@ $<

build/fuzz-obj/image/embedded.o: extra_flags = -Wa,-I,build
build/fuzz-obj/image/embedded.o: build/vmtap-agent.gz

# ---- lint: a stamp for each file, so that the second run looks only at what has changed ----
tidied  = $(patsubst %.c,build/lint/%.ok,$(sort $(sources) $(call room,agent) $(wildcard tests/unit/*.c tests/fuzz/*.c)))
# Excluded: variables that vendor/common and vendor/build set for others (SC2154), flags that are words on purpose (SC2046).
scripts = $(sort $(filter-out %.t,$(shell grep -rlI '^\#!/bin/sh' .ci ci src tests vendor)) vendor/common tests/tap.sh $(wildcard vendor/rules/*))

build/lint/%.ok: %.c .clang-tidy tests/.clang-tidy build/deps.mk build/gen/vmtap.h
	@mkdir -p $(@D)
	$(call say,TIDY)
	$(Q)clang-tidy --quiet $< -- $(lint_flags) >$@.log 2>&1 || { cat $@.log; exit 1; }
	$(Q)gcc $(lint_flags) -O2 -Werror -S -o /dev/null $<
	$(Q)clang $(lint_flags) -MM -MT $@ -MF $@.d $<
	@touch $@

build/lint/cppcheck.ok: $(sources) $(call room,agent) $(wildcard src/*/*.h)
	@mkdir -p build/lint/cppcheck
	$(call say,CPP)
	$(Q)cppcheck --quiet --enable=warning,performance,portability --error-exitcode=1 --inline-suppr \
		--cppcheck-build-dir=build/lint/cppcheck -Isrc src
	@touch $@

build/lint/arrows.ok: ci/arrows src/rooms $(sources) $(call room,agent) $(wildcard src/*/*)
	@mkdir -p $(@D)
	$(call say,ROOM)
	$(Q)ci/arrows $(sources) $(call room,agent)
	@touch $@

build/lint/shellcheck.ok: $(scripts) tests/bench/run
	@mkdir -p $(@D)
	$(call say,SH)
	$(Q)shellcheck --shell=sh --severity=warning --exclude=SC2046,SC2154 $(scripts)
	$(Q)shellcheck --shell=bash --severity=warning tests/bench/run
	@touch $@

build/lint/man.ok: $(filter build/share/man/%,$(share))
	@mkdir -p $(@D)
	$(call say,MAN)
	$(Q)mandoc -T lint -W warning $^
	@touch $@

perls = $(wildcard tests/browser/*.t tests/cli/*.t tests/reports/*.t tests/world/*.t) tests/reports/check tests/build/release tests/build/action tests/build/manual tests/build/porting ci/sbom
build/lint/perl.ok: $(perls) $(wildcard tests/*/*.pm)
	@mkdir -p $(@D)
	$(call say,PERL)
	$(Q)for t in $(perls); do perl -cw $$t 2>$@.log || { cat $@.log; exit 1; }; done
	@touch $@

-include $(shell find build -name '*.d' -type f 2>/dev/null)

# ---- what people type ----
setup:
	ci/setup check

# The kit guest's files and the Debian images, from the distribution's packages, cached. What is in build/ can be moved.
kit: ; @kit=$$(ci/kit) && ci/lay "$$kit" build/kit
# The same with a kernel and a BusyBox of our own: `make kit` goes back, as do all targets that need a kit; VMTAP_KIT chooses for one run.
kernel:
	ci/setup kernel
	@kit=$$(ci/kit small) && ci/lay "$$kit" build/kit-small && ci/lay "$$kit" build/kit
# A QEMU of our own, static: build/vmtap takes it from there, unless VMTAP_QEMU says otherwise.
qemu:
	ci/setup qemu
	@qemu=$$(ci/qemu) && ci/lay "$$qemu" build/qemu
# One file that needs neither a kit nor a QEMU beside it. Folders other than ours may be named, for a trial:
# make bundle BUNDLE_KIT=build/kit BUNDLE_QEMU=...; further parts follow as BUNDLE_MORE='NAME=PATH ...'.
BUNDLE_KIT = $$(ci/kit small)
BUNDLE_QEMU = $$(ci/qemu)
bundle:
	$(if $(findstring ci/kit,$(BUNDLE_KIT)),ci/setup kernel)
	$(if $(findstring ci/qemu,$(BUNDLE_QEMU)),ci/setup qemu)
	$(MAKE) $(parallel) all
	@kit=$(BUNDLE_KIT) && qemu=$(BUNDLE_QEMU) && texts=$$(ci/licenses) && \
	build/vmtap bundle pack --gzip=libdeflate-gzip --output=build/vmtap-x86_64 --kit="$$kit" --qemu="$$qemu" licenses="$$texts" $(BUNDLE_MORE) && \
	build/vmtap-x86_64 bundle info
images: image-debian12-web image-debian12-kvm image-openrc image-busybox-disk image-debian12-disk
image-%: ; @image=$$(ci/images/$*) && case $${image##*/} in *.*) end=.$${image##*.} ;; *) end= ;; esac && ci/lay "$$image" build/$*$$end
# What their authors ask to be passed on with all that; `vmtap licenses` prints it.
licenses: ; @texts=$$(ci/licenses) && ci/lay "$$texts" build/licenses

PREFIX = /usr/local
install: ; @ci/install "$(DESTDIR)$(PREFIX)"
uninstall: ; @ci/install --remove "$(DESTDIR)$(PREFIX)"

try:
	ci/setup try
	$(MAKE) $(parallel) all kit image-debian12-web
	build/vmtap run tests/examples/client-server.c

# With the distribution's QEMU and kernel, and what is ours besides: the bundle, and its QEMU for tests/qemu.
check: chosen = $(tests)
full-check: chosen = $(thorough) $(tests)
full-check: more = image-debian12-screen
check full-check:
	ci/setup check
	$(MAKE) $(parallel) all kit images $(more)
	$(MAKE) bundle own-qemu
	$(MAKE) $(parallel) tests TESTS='$(chosen)'
own-qemu: ; @qemu=$$(ci/qemu) && ci/lay "$$qemu" build/own-qemu
# Two more than processors: a third of a test of machines is waiting.
prove = 9>&2 prove --jobs $$(($(shell nproc) + 2)) --merge --timer --exec tests/exec
TESTS = $(tests)
tests: build/vmtap $(share) $(if $(filter tests/asan/%,$(TESTS)),build/asan-vmtap) $(units) $(replays)
	$(prove) $(TESTS)

lint:
	ci/setup lint
	$(MAKE) $(parallel) linted
linted: build/lint/arrows.ok $(tidied) build/lint/cppcheck.ok build/lint/shellcheck.ok build/lint/perl.ok build/lint/man.ok

# Do our kernel and our BusyBox do what the distribution's do? All but kvm.c, whose guest needs a KVM of its own.
kernel-check:
	ci/setup kernel
	$(MAKE) $(parallel) all image-debian12-web image-debian12-plain image-busybox-disk image-debian12-disk
	kit=$$(ci/kit small) && VMTAP_KIT=$$kit $(prove) $(wildcard tests/kernel/*) \
		$(filter-out tests/vm/kvm.c,$(wildcard tests/vm/*.c)) $(examples)

# Does our QEMU do what the distribution's does? Its own tests, then those that boot machines; kvm.c has a QEMU in its guest.
qemu-check:
	ci/setup qemu
	$(MAKE) $(parallel) all kit images
	$(MAKE) own-qemu
	VMTAP_QEMU=$(CURDIR)/build/own-qemu/qemu-system-x86_64 $(prove) tests/qemu/reproducible tests/qemu/parts \
		$(wildcard tests/qemu/*.t) tests/cli/confine.t $(wildcard tests/vm/*.c) $(examples)

# Do the tests of machines pass in each way in which a machine's life can begin: thawed, copied from its template, booted?
# kvm.c has a QEMU in its guest.
states-check:
	ci/setup qemu
	$(MAKE) $(parallel) all kit images
	$(MAKE) own-qemu
	for way in VMTAP_FROZEN=1 VMTAP_FROZEN=0 VMTAP_RUN=--cold; do \
		echo "$$way"; env $$way VMTAP_QEMU=$(CURDIR)/build/own-qemu/qemu-system-x86_64 $(prove) \
			$(filter-out tests/vm/kvm.c,$(wildcard tests/vm/*.c)) $(examples) || exit; \
	done

# Does the bundle do what vmtap does with the distribution's parts? In an empty world, then on this machine. kvm.c has a guest
# whose kernel brings KVM, which that of the bundle does not.
bundle-check:
	ci/setup check
	$(MAKE) $(parallel) bundle images
	$(prove) $(wildcard tests/world/*.t)
	VMTAP=build/vmtap-x86_64 $(prove) $(filter-out tests/vm/kvm.c,$(wildcard tests/vm/*.c)) $(examples)

# The tests of tests/examples/porting.md, and a real Firefox: minutes, and images of a gigabyte.
porting-check:
	ci/setup try
	$(MAKE) $(parallel) all kit image-debian12-web image-debian12-services image-debian12-firefox
	$(prove) $(wildcard tests/porting/*.c) tests/examples/firefox.c

# Guests of others that take minutes to be made: more of Debian, another init, disks with other file systems.
guests-check:
	ci/setup guests
	$(MAKE) $(parallel) all kit image-debian12-web image-debian13-web image-debian12-sysv image-openrc image-debian12-dracut
	$(prove) $(wildcard tests/guests/*)

# Is the report of a run what it is to be in a real browser? Chromium is half a gigabyte.
report-check:
	ci/setup browser
	$(MAKE) $(parallel) all kit
	$(prove) $(wildcard tests/browser/*.t)

# How long each fuzzer looks, in seconds.
FUZZ_SECONDS = 60
fuzz:
	ci/setup lint
	$(MAKE) $(parallel) $(fuzzers)
	tests/fuzz/look $(FUZZ_SECONDS)

bench:
	ci/setup bench
	$(MAKE) $(parallel) all kit image-debian12-web
	tests/bench/run

clean:
	rm -rf build

help:
	@echo 'make         build/vmtap, from pinned musl, tcc and zlib'
	@echo 'make try     install what is missing, then test two machines with a real nginx'
	@echo 'make check   install what is missing, then test all that vmtap does: minutes'
	@echo 'make full-check    the same, and what takes long: sanitizers, KVM in a guest, all that may break'
	@echo 'make lint    install what is missing, then src/rooms, clang-tidy, cppcheck, shellcheck, mandoc; warnings are errors'
	@echo 'make fuzz    let each fuzzer look for FUZZ_SECONDS (60)'
	@echo 'make bench   the numbers of README, beside the plainest thing one would do by hand'
	@echo 'make kit     the default guest: kernel, modules, BusyBox'
	@echo 'make kernel  the same, a small kernel and a BusyBox of our own: 8 to 14 minutes to build, once; boots and commands are faster'
	@echo 'make kernel-check  run the tests of machines with them'
	@echo 'make qemu    a static QEMU of our own, with only what guests of vmtap need: minutes to build, once'
	@echo 'make qemu-check    run the tests of machines with it'
	@echo 'make states-check  run the tests of machines with it three times: machines are thawed, copied, booted'
	@echo 'make bundle  build/vmtap-x86_64: vmtap, that kernel, BusyBox and that QEMU in one file'
	@echo 'make bundle-check  run the tests of machines with the bundle, here and where there is nothing else'
	@echo 'make porting-check  run the tests of tests/examples/porting.md, and Firefox on a screen: not in make check'
	@echo 'make guests-check  boot Debian 12 and 13, SysV, dracut, XFS and Btrfs: images that take minutes to be made, not in make check'
	@echo 'make report-check  look at the report of a run in a headless Chromium: not in make check'
	@echo 'make images  the Debian images that examples and tests boot'
	@echo 'make licenses  the texts that must go with kit and QEMU when they are passed on'
	@echo 'make install [PREFIX=/usr/local] [DESTDIR=]'
	@echo '             install build/vmtap, the kit and, where they were made, QEMU and licences; builds nothing'
	@echo 'make uninstall'
	@echo 'make clean   remove build/'

.PHONY: all setup bundle kit kernel qemu own-qemu images licenses install uninstall try check full-check kernel-check qemu-check states-check bundle-check porting-check guests-check report-check tests lint linted bench fuzz clean help
