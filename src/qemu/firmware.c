/* firmware.c - UEFI for machines that boot from a disk, as the host's packages install it
 *
 * The builds without Secure Boot: a disk under test need not be signed, and the
 * others want System Management Mode, which is slow to emulate.
 */
#include "qemu/firmware.h"

#include "base/file.h"
#include "base/mem.h"

static const struct firmware known[] = {
	{"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"},		   /* Debian, Ubuntu */
	{"/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"},		   /* ... before, Fedora */
	{"/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"},	   /* Fedora, RHEL */
	{"/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"},	   /* Arch */
	{"/usr/share/qemu/ovmf-x86_64-4m-code.bin", "/usr/share/qemu/ovmf-x86_64-4m-vars.bin"}, /* openSUSE */
};

const struct firmware *firmware_find(struct err *err)
{
	for (const struct firmware *f = known; f < known + ARRAY_SIZE(known); f++)
		if (file_exists(f->code) && file_exists(f->variables))
			return f;
	err_set(err, "there is no UEFI firmware for QEMU on this host");
	err_hint(err, "install it: apt-get install ovmf (Fedora: edk2-ovmf); or boot the disk by a BIOS, if it has a boot loader "
		      "for that: .firmware = \"bios\"");
	return NULL;
}
