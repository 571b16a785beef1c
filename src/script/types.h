/* types.h - the plain types that a script and vmtap itself share
 *
 * Part of the dialect's header: make-header.sh copies everything between the
 * two marks into vmtap.h, so that a user sees one file and the two sides can
 * never disagree about a layout. Only types that tcc, gcc and clang lay out
 * alike and that need no header: see methods.def for why none of them is a
 * structure of 16 bytes or less.
 */
#ifndef SCRIPT_TYPES_H
#define SCRIPT_TYPES_H

#include <stdbool.h>
#include <stddef.h>

/* ---- begin of the dialect's part ---- */
/* What a command did. The strings end with a NUL and live until the test ends. */
struct result {
	int status;	/* exit status; 0 when a signal ended it */
	int signal;	/* the signal that ended it, or 0 */
	bool timed_out; /* it was stopped at its deadline */
	char *out;	/* standard output, as it came */
	size_t out_len; /* its bytes: output may contain NULs */
	char *err;	/* standard error */
	size_t err_len; /* its bytes */
	double seconds; /* wall time in the guest */
};

/* A command that runs on: spawn() returns it, and the job_ functions take it. */
struct job;

#define VM_NETS_MAX 8 /* network cards of a machine */
#define VM_FILES_MAX 64 /* texts of .files */
#define VM_QEMU_MAX 64 /* arguments of .qemu */
#define VM_USERS_MAX 16 /* users of .users */
#define VM_ENV_MAX 64 /* variables of .env */

#define VM_DISKS_MAX 6 /* disks of .disks */

struct net; /* see net() */

/* One of .users = { { "alice", .groups = "wheel" }, { "bob" } }. Somebody whom the image has keeps what is not given. */
struct vm_user {
	const char *name;
	const char *password; /* in clear, or hashed as in shadow(5); "": none is asked for; not given: no login with one */
	const char *groups;   /* "wheel,audio", besides one of the user's own name; what the image lacks is made */
	const char *home;     /* /home/NAME; made of /etc/skel if it is not there */
	const char *shell;    /* /bin/bash if there is one, else /bin/sh */
	long uid;	      /* the next free one from 1000 on */
};

/*
 * A disk that a machine has besides, which it finds as /dev/disk/by-id/virtio-disk0, -disk1, ... It is blank, or an image:
 * raw or qcow2. What a machine writes goes with the machine, and no file is ever changed.
 */
struct vm_disk {
	long size;	  /* MiB of a blank one, 1 to 4194304 */
	const char *file; /* ... or an image */
	bool readonly;	  /* 1: the machine may not write to it */
};

/* The fields of vm(name, .field = ...). What is not given is 0 or NULL: vmtap chooses. */
struct vm_options {
	const char *image;		 /* root: tar, cpio, OCI layout, docker archive, or directory; "-": standard input; or a disk that boots: qcow2 or raw; none: a small BusyBox guest */
	const char *kernel;		 /* bzImage, vmlinux, or a folder: a build or an installation; none: the image's own, else the kit's */
	const char *initrd;		 /* put in front of vmtap's own; of a disk: its own, with .kernel */
	const char *append;		 /* added to the kernel command line */
	long memory;			 /* MiB, 16 to 1048576; 128 for the BusyBox guest, else 512 */
	long cpus;			 /* 1 to 128; 1 */
	const char *cpu;		 /* QEMU's CPU model */
	const char *arch;		 /* "x86_64": what image and kernel are for; another than vmtap's own is an error */
	const char *hostname;		 /* the machine's name */
	struct vm_user users[VM_USERS_MAX + 1]; /* { { "alice", .groups = "wheel", .password = "secret" } }: there before its init */
	const char *env[VM_ENV_MAX + 1]; /* { "NAME=value" }: variables of all commands in it */
	const char *ready;		 /* what counts as booted: "x.service", "/file", "80" (a port), else a command; none: its init's own "done" */
	struct net *nets[VM_NETS_MAX + 1]; /* { &lan, &wan }; none: the network that all machines share */
	const char *files[VM_FILES_MAX + 1]; /* { "build/app:/usr/bin/app", "pages:/srv/" }, also "dist/?.deb:/opt/": there before its init */
	const char *provision;		 /* shell, run once after the first boot, then saved with the machine */
	const char *clock;		 /* "host", or "virtual": its time jumps to the next timer whenever nothing runs */
	bool snapshot;			 /* 0: boot cold for every test; 1 */
	bool keep;			 /* 1: its root survives shutdown(), crash(), reboot() and its guest's own reboot, within a test */
	long root_size;			 /* MiB, 16 to 1048576, of room for what it changes of its root: on a disk, apart from memory; 4096 with .keep */
	bool reboot_ok;			 /* 1: its guest may reboot by itself; its root is then as at first, unless .keep */
	struct vm_disk disks[VM_DISKS_MAX + 1]; /* { { .size = 64 }, { .file = "data.qcow2", .readonly = 1 } }: more disks */
	const char *firmware;		 /* of a disk that boots: "bios" or "uefi"; none: what it has a boot loader for */
	bool display;			 /* 1: a screen and a keyboard */
	double tpm;			 /* 1: a TPM, 2.0 by CRB; 1.2: the older one, by TIS; needs swtpm on the host */
	const char *qemu[VM_QEMU_MAX + 1]; /* { "-device", "..." }: arguments added to QEMU's command line */
};

/* The fields of net(name, .field = ...). */
struct net_options {
	const char *subnet; /* "192.168.7.0/24"; none: vmtap chooses */
	long mtu;	    /* bytes; 1500 */
};

/* What subtest(), within(), retry() and always() keep in the script's frame. */
struct vmtap_block {
	const char *name; /* of a subtest; NULL: another one */
	double seconds;	  /* of a within or a retry */
	bool again;	  /* it is a retry: */
	unsigned long long end;	  /* it is not begun again after that: CLOCK_MONOTONIC, ns */
	unsigned long long pause; /* before the next time, ns */
	bool (*holds)(void);	  /* of an always */
	const char *condition;
	struct vmtap_block *outer;
	unsigned long long deadline; /* CLOCK_MONOTONIC, ns */
	unsigned long failures;	     /* of the test when the block was entered */
	int state;
	unsigned long registers[64]; /* a jmp_buf; of any processor, so that a script need not know which */
};

/* What vm(), net(), test() and setup leave in the sections that vmtap reads. */
struct vmtap_machine {
	const char *name;
	struct vm *machines;
	long count; /* elements of an array; -1: a single machine */
	const char *file;
	int line;
	const char *given; /* the fields as written: tells a 0 from none */
	struct vm_options options;
};

struct vmtap_net {
	struct net *net;
	const char *name;
	const char *file;
	int line;
	const char *given;
	struct net_options options;
};

struct vmtap_test {
	void (*run)(void); /* NULL: it is needs(), for all tests */
	const char *file;
	int line;
	const char *name; /* NULL: the setup without a name */
	double timeout;	  /* s; 0: the default */
	const char *skip; /* why it is not to be run, or NULL */
	const char *needs; /* "kvm, memory=4096, tesseract": without these it is skipped; NULL */
	const char *xfail; /* why it is expected to fail, or NULL */
	const char *health; /* what may go wrong in its machines: "oom, units"; or NULL */
	const char *from; /* name of the setup that it begins with, or NULL */
	bool stage;	  /* it is a setup with a name */
};
/* ---- end of the dialect's part ---- */

#endif
