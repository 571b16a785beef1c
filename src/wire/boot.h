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
#define BOOT_ROOT_PART	 "vmtap.rootpart"    /* number of its partition; the whole disk without it */
#define BOOT_FRONT	 "vmtap.front"	     /* path of the init in an initramfs that is not ours, which runs in our place */
#define BOOT_MODULES	 "vmtap.modules"     /* serial number of the disk that holds /lib/modules/VERSION */
#define BOOT_CHANGES	 "vmtap.changes"     /* serial number of the disk, an ext4, that holds what is changed of the root; without it, memory does */
#define BOOT_INIT	 "vmtap.init"	     /* path of the root's init, for .append */

/* Serial numbers by which the agent finds its disks: names like vda depend on the order of PCI slots. */
#define BOOT_ROOT_SERIAL    "vmtap-root"
#define BOOT_MODULES_SERIAL "vmtap-modules"
#define BOOT_CHANGES_SERIAL "vmtap-changes"

/*
 * Of a machine that boots from its own disk: the disk, and the volume by which the agent comes in. The volume's label is
 * cloud-init's word for "the data are here" (its datasource NoCloud); the disk serial numbers of .disks count up.
 */
#define BOOT_DISK_SERIAL "vmtap-disk"
#define BOOT_SEED_SERIAL "vmtap-seed"
#define BOOT_SEED_LABEL  "cidata"
#define BOOT_SEED_MOUNT  "/run/vmtap" /* where the guest mounts it */
/* A line for a shell that has nothing yet but the usual programs: no udev, no labels. */
#define BOOT_SEED_START                                                                                                        \
	"mkdir -p " BOOT_SEED_MOUNT "; for d in /sys/block/*; do [ \"$(cat $d/serial 2>/dev/null)\" = " BOOT_SEED_SERIAL " ] && " \
	"mount -t iso9660 -o ro,exec /dev/${d##*/} " BOOT_SEED_MOUNT "; done; sh " BOOT_SEED_MOUNT "/start"
#define BOOT_MORE_SERIAL "disk"	      /* "disk0", "disk1", ... of what the script gives a machine besides */

/* In an initramfs that is not ours: the agent, and where it mounts a /proc of its own. */
#define BOOT_FRONT_AGENT "vmtap/agent"
#define BOOT_FRONT_PROC	 "vmtap/proc"

#define BOOT_MODULES_LIST "/vmtap/modules" /* in the initramfs: modules to load, a path a line, in this order */

/*
 * In the initramfs, for a root that is a container's image: what commands are run with. The working folder, then
 * variables "NAME=value", each with its NUL.
 */
#define BOOT_RUN "/vmtap/run"

/*
 * In the initramfs, for .files: what is put into the root before its init runs. For each path a str, then its records
 * (tree.h), each bytes as in a frame, of which the last is empty.
 */
#define BOOT_FILES "/vmtap/files"

/*
 * In the initramfs, for what the script declares in .users: six texts for each, each with its NUL: name, password as in
 * shadow(5), further groups with commas between them, home, shell, number. What is not given is empty, and a password
 * BOOT_NO_PASSWORD: one that is empty is not asked for.
 */
#define BOOT_USERS	 "/vmtap/users"
#define BOOT_NO_PASSWORD "!"

/* Where an init usually is in a root, in the order in which the kernel and initramfs tools look. */
#define BOOT_INITS "/sbin/init", "/lib/systemd/systemd", "/etc/init", "/bin/init"

/* Whose init it is, which the agent asks to know when it is done, and `vmtap image info` to tell: OpenRC's if one of these is there; */
#define BOOT_OPENRC "/sbin/openrc", "/usr/sbin/openrc"
/* SysV's as Debian has it, if both are: its table, and the script that starts and stops the services of a level. */
#define BOOT_SYSV_TAB "/etc/inittab"
#define BOOT_SYSV_RC  "/etc/init.d/rc"

#endif
