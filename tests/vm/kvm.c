#!/usr/bin/env vmtap
/* kvm.c - vmtap under KVM, on hosts that have none
 *
 * The guest's processor, emulated, has AMD's SVM, so its kernel offers a real /dev/kvm, and vmtap runs a test inside
 * the guest: its canary, QEMU under `-accel kvm -cpu host`, a template and its clones.
 *
 * What runs two levels down is slow and irregular: VMTAP_SLOW stretches deadlines that suit hardware, VMTAP_CANARY_MS a
 * limit of 5 ms (measured: 1 to 40 ms). 5-level paging would be emulated in every page walk, twice over.
 */
vm(m, .image = "build/debian12-kvm.tar", .cpu = "max,-la57", .memory = 2048, .provision = "modprobe kvm_amd");

static const char vmtap[] = "cd /root && VMTAP_SLOW=20 VMTAP_CANARY_MS=1000 VMTAP_KIT=/kit VMTAP_CACHE=/tmp/cache ./vmtap";

/* The append spares the inner kernel 16,384 exits: a look for every device that 256 PCI buses could have. */
static const char script[] =
	"vm(a, .append = \"pci=lastbus=0\");\n"
	"static void look(void)\n"
	"{\n"
	"	a.succeed(\"dmesg | grep 'Hypervisor detected: KVM'\");\n"
	"	printf(\"bytes: %s\", a.succeed(\"od -An -tx1 -N16 /dev/urandom\"));\n"
	"}\n"
	"test(\"one clone\", .health = \"warning\") { look(); }\n" /* this nested kernel warns of the processor */
	"test(\"another clone\", .health = \"warning\") { look(); }\n";

/* A root of one program, a setup and a checkpoint: every way in which a machine is saved. */
static const char root_script[] =
	"vm(a, .image = \"tree\", .memory = 128, .append = \"pci=lastbus=0\");\n"
	"setup { a.succeed(\"echo 1 >/kept\"); }\n"
	"test(\"setup and checkpoint\", .health = \"warning\") {\n"
	"	is(a.succeed(\"cat /kept\"), \"1\");\n"
	"	a.save(\"before\");\n"
	"	a.succeed(\"rm /kept\");\n"
	"	a.restore(\"before\");\n"
	"	a.succeed(\"test -e /kept && grep erofs /proc/mounts\");\n"
	"}\n";

static const char *base64(const unsigned char *data, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static char text[800001];
	char *p = text;

	for (size_t i = 0; i < n; i += 3) {
		unsigned v = data[i] << 16 | (i + 1 < n ? data[i + 1] << 8 : 0) | (i + 2 < n ? data[i + 2] : 0);

		*p++ = digits[v >> 18];
		*p++ = digits[v >> 12 & 63];
		*p++ = i + 1 < n ? digits[v >> 6 & 63] : '=';
		*p++ = i + 2 < n ? digits[v & 63] : '=';
	}
	*p = '\0';
	return text;
}

/* Copy a program of any size into the guest: write_file() takes text, and less than 1 MiB of it. */
static void install(const char *from, const char *to)
{
	static unsigned char piece[600000];
	FILE *f = fopen(from, "r");
	size_t n;

	while ((n = f ? fread(piece, 1, sizeof(piece), f) : 0) > 0) {
		m.write_file("/tmp/piece", base64(piece, n));
		m.succeed(fmt("base64 -d /tmp/piece >>%q", to));
	}
	ok(f && !ferror(f), fmt("'%s' can be read", from));
	m.succeed(fmt("chmod +x %q", to));
}

/* Return: how often a text occurs in another. */
static int count(const char *text, const char *what)
{
	int n = 0;

	while ((text = strstr(text, what))) {
		text++;
		n++;
	}
	return n;
}

/* Check what vmtap in the guest said. Return: the same. */
static char *check(char *out)
{
	char *one = strstr(out, "bytes:"), *two = one ? strstr(one + 1, "bytes:") : NULL;

	like(out, "# accelerator: kvm \\(/dev/kvm works: .*\\)");
	like(out, "^ok 1 - one clone");
	like(out, "^ok 2 - another clone");
	ok(two && strncmp(one, two, strlen("bytes:  00 00 00 00 00 00 00 00")), "two clones' random bytes differ");
	return out;
}

test("KVM is found, boots a machine, and its template is used", .timeout = 600) {
	char *out;

	install("build/vmtap", "/root/vmtap");
	m.write_file("/root/t.c", script);

	subtest("when it is demanded") {
		out = check(m.succeed(fmt("%s run --accel=kvm --verbose t.c 2>&1", vmtap)));
		is(count(out, "SeaBIOS"), 1);
	}

	subtest("when it is left to vmtap, with nothing booted again") {
		out = check(m.succeed(fmt("%s run --verbose t.c 2>&1", vmtap)));
		is(count(out, "SeaBIOS") + count(out, "Booting from ROM"), 0);
	}

	subtest("with a root, a setup and a checkpoint") {
		m.succeed("mkdir -p tree/bin && cp /kit/busybox tree/bin && for a in sh cat rm test grep; do "
			  "ln -s busybox tree/bin/$a; done && mv tree /root");
		m.write_file("/root/r.c", root_script);
		out = m.succeed(fmt("%s run --accel=kvm r.c 2>&1", vmtap));
		like(out, "# accelerator: kvm");
		like(out, "^ok 1 - setup and checkpoint");
		unlike(out, "no template");
	}
}
