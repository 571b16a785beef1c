/* boot.h - what the host and the agent agree on before they can talk
 *
 * Words of the kernel command line, serial numbers of disks, names of ports and
 * files: the host writes them (machine/spec.c, qemu/command.c, image/initramfs.c) and the agent
 * reads them (agent/boot.c, agent/root.c, agent/port.c).
 */
#ifndef WIRE_BOOT_H
#define WIRE_BOOT_H

#define BOOT_PORT_NAME "vmtap.0" /* the virtio-serial port that frames go through */

/* Words of the kernel command line, each "NAME=value". */
#define BOOT_ROOT	 "vmtap.root"	     /* serial number of the disk that holds the root; without it, the kit guest */
#define BOOT_ROOT_FSTYPE "vmtap.rootfstype"  /* file system of that disk; "erofs" without it */
#define BOOT_MODULES	 "vmtap.modules"     /* serial number of the disk that holds /lib/modules/VERSION */
#define BOOT_CHANGES	 "vmtap.changes"     /* serial number of the disk, an ext4, that holds what is changed of the root; without it, memory does */
#define BOOT_INIT	 "vmtap.init"	     /* path of the root's init, for .append */

/* Serial numbers by which the agent finds its disks: names like vda depend on the order of PCI slots. */
#define BOOT_ROOT_SERIAL    "vmtap-root"
#define BOOT_MODULES_SERIAL "vmtap-modules"
#define BOOT_CHANGES_SERIAL "vmtap-changes"

#define BOOT_MODULES_LIST "/vmtap/modules" /* in the initramfs: modules to load, a path a line, in this order */

/*
 * In the initramfs, for a root that is a container's image: what commands are run with. The working folder, then
 * variables "NAME=value", each with its NUL.
 */
#define BOOT_RUN "/vmtap/run"

/* Where an init usually is in a root, in the order in which the kernel and initramfs tools look. */
#define BOOT_INITS "/sbin/init", "/lib/systemd/systemd", "/etc/init", "/bin/init"

#endif
