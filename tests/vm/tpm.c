#!/usr/bin/env vmtap
/* tpm.c - a TPM of either version, whose state goes where its machine's goes: into copies of a setup, and back with restore() */
needs("tpm");

vm(new, .tpm = 1);
vm(old, .tpm = 1.2, .snapshot = 0);

#define BYTES8 "\\1\\1\\1\\1\\1\\1\\1\\1"

/* TPM2_PCR_Extend of PCR 16, SHA-256, by 32 bytes of 1; the answer is read, else the next command would be refused. */
static void extend(void)
{
	new.succeed("exec 3<>/dev/tpm0; "
		    "printf '\\200\\2\\0\\0\\0\\101\\0\\0\\1\\202\\0\\0\\0\\20\\0\\0\\0\\11\\100\\0\\0\\11\\0\\0\\0\\0\\0\\0\\0\\0\\1\\0\\13"
		    BYTES8 BYTES8 BYTES8 BYTES8 "' >&3; "
		    "dd bs=256 count=1 <&3 2>/dev/null | od -An -tx1 | head -n 1 | grep '^ 80 02 .. .. .. .. 00 00 00 00'");
}

/* What the register is after so many times: x = SHA-256 of x and 32 bytes of 1, from 32 zeros on. */
static const char *const after[] = {
    "",
    "5c85955f709283ecce2b74f1b1552918819f390911816e7bb466805a38ab87f3",
    "c6ceea5a68c978e77818ca675ea933918c44f07c1208a004062f13f3dd6cb66f",
    "f6554ddbbed49999df0e6561d6c87f69cf21c5ef939927db073b3b5341f25da1",
};

static char *pcr(void)
{
	return new.succeed("tr A-F a-f </sys/class/tpm/tpm0/pcr-sha256/16");
}

setup {
	is(new.succeed("cat /sys/class/tpm/tpm0/tpm_version_major; ls -d /sys/bus/acpi/drivers/tpm_crb/MSFT0101*"),
	   "2\n/sys/bus/acpi/drivers/tpm_crb/MSFT0101:00");
	extend();
}

test("a copy has what was measured in setup, and measures for itself") {
	is(pcr(), after[1]);
	extend();
	is(pcr(), after[2]);
}

test("another copy does not know of that, and a checkpoint has its TPM with it") {
	is(pcr(), after[1]);
	new.save("measured");
	extend();
	extend();
	is(pcr(), after[3]);
	new.restore("measured");
	is(pcr(), after[1]);
}

test("the older version") {
	is(old.succeed("cat /sys/class/tpm/tpm0/tpm_version_major; ls -d /sys/bus/pnp/drivers/tpm_tis/00:*"),
	   "1\n/sys/bus/pnp/drivers/tpm_tis/00:00");
	old.succeed("grep '^PCR-00: [0-9A-F]' /sys/class/tpm/tpm0/pcrs");
}
