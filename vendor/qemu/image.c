/* image.c - a process of one thread writes itself to a file
 *
 * From the moment that the context is saved nothing may change that is part of
 * the file: what is needed from then on is on the stack below that context, or
 * in FROZEN_SCRATCH, and no memory is allocated.
 *
 * The file: the tables (frozen.h), and from FROZEN_TABLE_MAX on each region that
 * is neither all zeros nor in a base. Pages of zeros are holes; many of them in a
 * row are a region without content, as a hole that is mapped and touched takes
 * memory of the host's for zeros. Which pages were ever touched the kernel tells
 * (/proc/self/pagemap), so that untouched ones are not even read.
 *
 * Files that are the machine's alone are in it too, first of all, as the machine stands
 * still until they are.
 *
 * A few pages of a base between others are written, too: each region is a system
 * call of every thaw, and a page fault maps neighbours only within a region.
 */
#include "qemu/osdep.h"

#include <elf.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <asm/prctl.h>

#include "qemu/cutils.h"

#include "frozen.h"

#define TEXT_MAX     (FROZEN_SCRATCH - FROZEN_TABLE_MAX) /* of /proc/self/maps, in the scratch behind the tables */
#define REGION_ZEROS (64 * FROZEN_PAGE)	  /* so many zeros in a row are a region of their own, */
#define REGION_BASE  (16 * FROZEN_PAGE)	  /* and so many bytes of a base, */
#define MANY_REGIONS 3000		  /* unless there are so many that the table could not hold all */
#define MANY_TIMES   1024		  /* longer, then */
#define PAGE_THERE   (3ull << 62)	  /* of pagemap(5): present, or swapped out; */
#define PAGE_OF_FILE (1ull << 61)	  /* and not anonymous */
#define STACK_BYTES  (8u << 20)
#define STACK_GAP    (1u << 20)		  /* kept between a stack and what is mapped below it */
#define FDS_MAX	     128
#define TID_OFFSET   720		  /* of the thread's ID in the C library's descriptor of a thread; it is checked */

extern const char __ehdr_start[];
extern const ptrdiff_t __rseq_offset; /* of the C library, from its 2.35 on */
extern const unsigned int __rseq_size;

struct writer {
	struct frozen *table;
	struct frozen_fd *fds; /* at the end of the tables' room, until all regions are known */
	uint32_t nfds;
	const struct frozen_order *order;
	struct frozen_mapped bases[FROZEN_BASES]; /* inode 0: not known, so not used */
	int image, pagemap;
	uint64_t size;	   /* of the file so far */
	uint64_t last_end; /* of the mapping before */
	const char *why;
};

/**
 * struct mapping - A line of /proc/self/maps
 * @plain:	Private, of no file: what was never touched is zeros
 * @base:	Index of the base that is mapped there privately, or -1, and
 * @offset:	from which place on
 */
struct mapping {
	uint64_t start, end, offset;
	uint32_t prot;
	int base;
	bool plain, stack, useless;
};

/* What a run of pages is. */
enum run { RUN_ZEROS, RUN_CONTENT, RUN_BASE };

/* ---- pages ---- */

/* By a page's entry in pagemap(5), and then by itself. */
static enum run page_kind(const struct mapping *m, uint64_t page, uint64_t entry)
{
	if (m->plain && !(entry & PAGE_THERE))
		return RUN_ZEROS;
	if (m->base >= 0 && (!(entry & PAGE_THERE) || (entry & PAGE_OF_FILE)))
		return RUN_BASE;
	return buffer_is_zero((const void *)(uintptr_t)page, FROZEN_PAGE) ? RUN_ZEROS : RUN_CONTENT;
}

/* Entries of pages from @page on. Where there are none to be had every page is one that was written to. Return: how many. */
static size_t read_entries(const struct writer *w, uint64_t page, uint64_t *entries, size_t n)
{
	const off_t at = (off_t)(page / FROZEN_PAGE * sizeof(*entries));
	ssize_t got = w->pagemap < 0 ? -1 : pread(w->pagemap, entries, n * sizeof(*entries), at);

	if (got >= (ssize_t)sizeof(*entries))
		return (size_t)got / sizeof(*entries);
	for (size_t i = 0; i < n; i++)
		entries[i] = PAGE_THERE;
	return n;
}

/* Return: the end of the run of pages from @from on that are all alike. */
static uint64_t run_end(const struct writer *w, const struct mapping *m, uint64_t from, enum run *kind)
{
	uint64_t entries[512];
	size_t n = 0, i = 0;

	for (uint64_t page = from; page < m->end; page += FROZEN_PAGE, i++) {
		enum run is;

		if (i == n) {
			n = read_entries(w, page, entries, MIN(ARRAY_SIZE(entries), (m->end - page) / FROZEN_PAGE));
			i = 0;
		}
		is = page_kind(m, page, entries[i]);
		if (page == from)
			*kind = is;
		else if (is != *kind)
			return page;
	}
	return m->end;
}

static bool is_out_of_room(void)
{
	return errno == ENOSPC || errno == EFBIG || errno == EDQUOT;
}

static bool write_at(struct writer *w, const void *data, size_t n, uint64_t at)
{
	const char *p = data;

	while (n > 0) {
		ssize_t did = pwrite(w->image, p, n, (off_t)at);

		if (did <= 0) {
			w->why = did < 0 && !is_out_of_room() ? "it cannot be written" : "there is no room for it";
			return false;
		}
		p += did;
		n -= (size_t)did;
		at += (uint64_t)did;
	}
	return true;
}

/* ---- regions ---- */

static struct frozen_region *add_region(struct writer *w, uint64_t start, uint64_t end, uint32_t prot,
					enum frozen_source source, uint64_t offset)
{
	struct frozen_region *r = frozen_regions(w->table) + w->table->nregions;

	if ((char *)(r + 1) > (char *)w->fds) {
		w->why = "its memory is in too many pieces";
		return NULL;
	}
	*r = (struct frozen_region){.start = start, .end = end, .prot = prot, .source = source, .offset = offset};
	w->table->nregions++;
	return r;
}

/* Return: whether a run without content of its own is long enough for a region of its own. */
static bool is_long(const struct writer *w, enum run kind, uint64_t bytes)
{
	uint64_t least = kind == RUN_BASE ? REGION_BASE : REGION_ZEROS;

	return bytes >= (w->table->nregions < MANY_REGIONS ? least : least * MANY_TIMES);
}

/* A run of a base, of which long holes are better zeros. */
static bool add_base(struct writer *w, const struct mapping *m, uint64_t start, uint64_t end)
{
	const uint64_t place = m->offset - m->start; /* of address 0, modulo 2^64 */
	struct frozen_region *open = NULL;

	for (uint64_t a = start, next; a < end; a = next) {
		bool hole;

		next = frozen_extent(w->order->bases[m->base], a + place, end + place, &hole) - place;
		if (hole && (is_long(w, RUN_ZEROS, next - a) || (a == start && next == end))) {
			open = NULL;
			if (!add_region(w, a, next, m->prot, FROZEN_ZEROS, 0))
				return false;
			continue;
		}
		if (!open)
			open = add_region(w, a, a, m->prot, FROZEN_BASE + (uint32_t)m->base, a + place);
		if (!open)
			return false;
		open->end = next;
		w->table->bases[m->base].used = 1;
	}
	return true;
}

/* A run that is not part of the file. */
static bool add_elsewhere(struct writer *w, const struct mapping *m, enum run kind, uint64_t start, uint64_t end)
{
	if (kind == RUN_BASE)
		return add_base(w, m, start, end);
	return add_region(w, start, end, m->prot, FROZEN_ZEROS, 0) != NULL;
}

static bool write_content(struct writer *w, const struct mapping *m)
{
	struct frozen_region *open = NULL;

	for (uint64_t a = m->start, end; a < m->end; a = end) {
		enum run kind;

		end = run_end(w, m, a, &kind);
		if (kind != RUN_CONTENT && (is_long(w, kind, end - a) || (!open && end == m->end))) {
			open = NULL;
			if (!add_elsewhere(w, m, kind, a, end))
				return false;
			continue;
		}
		if (!open) {
			open = add_region(w, a, a, m->prot, FROZEN_OWN, w->size);
			if (!open)
				return false;
		}
		if (kind != RUN_ZEROS && !write_at(w, (const void *)(uintptr_t)a, end - a, w->size))
			return false;
		open->end = end;
		w->size += end - a;
	}
	return true;
}

/* In a thawed process the kernel does not make a stack larger any more: what it may become is there from the start. */
static bool add_stack_room(struct writer *w, const struct mapping *m)
{
	uint64_t from = MAX(m->end - STACK_BYTES, w->last_end + STACK_GAP);

	return !m->stack || from >= m->start || add_region(w, from, m->start, m->prot, FROZEN_ZEROS, 0);
}

static bool write_range(struct writer *w, struct mapping m, uint64_t start, uint64_t end)
{
	m.offset += MAX(m.start, start) - m.start;
	m.start = MAX(m.start, start);
	m.end = MIN(m.end, end);
	if (m.start >= m.end)
		return true;
	if (!(m.prot & PROT_READ) || m.useless)
		return add_region(w, m.start, m.end, m.prot, FROZEN_ZEROS, 0) != NULL;
	return add_stack_room(w, &m) && write_content(w, &m);
}

static bool write_mapping(struct writer *w, const struct mapping *m)
{
	uint64_t scratch = (uintptr_t)frozen_scratch;
	bool good = write_range(w, *m, 0, scratch) && write_range(w, *m, scratch + FROZEN_SCRATCH, UINT64_MAX);

	w->last_end = m->end;
	return good;
}

/* ---- mappings ---- */

/* Code and constants are in the binary. */
static bool is_binary(const struct mapping *m)
{
	const Elf64_Ehdr *e = (const Elf64_Ehdr *)__ehdr_start;
	const Elf64_Phdr *p = (const Elf64_Phdr *)(__ehdr_start + e->e_phoff);

	for (int i = 0; i < e->e_phnum; i++)
		if (p[i].p_type == PT_LOAD && !(p[i].p_flags & PF_W) && m->start < p[i].p_vaddr + p[i].p_memsz &&
		    m->end > p[i].p_vaddr)
			return true;
	return false;
}

static bool is_useless(const struct writer *w, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(w->order->useless); i++)
		if (w->order->useless[i] && strcmp(name, w->order->useless[i]) == 0)
			return true;
	return false;
}

/* Return: the index of the base that a line names, or -1. @device: two numbers, and what follows */
static int find_base(const struct writer *w, const char *device, uint64_t inode)
{
	for (uint32_t i = 0; i < w->order->nbases; i++) {
		const struct frozen_mapped *b = &w->bases[i];
		size_t n = strlen(b->device);

		if (b->inode && inode == b->inode && strncmp(device, b->device, n) == 0 && device[n] == ' ')
			return (int)i;
	}
	return -1;
}

/* "start-end rwxp offset device inode   name". Return: whether it is to be written. */
static bool parse_mapping(struct writer *w, char *line, struct mapping *m)
{
	char *p = line, *perm, *device;
	const char *name;
	uint64_t inode;

	m->start = strtoull(p, &p, 16);
	m->end = strtoull(p + 1, &p, 16);
	perm = p + 1;
	m->prot = (perm[0] == 'r' ? PROT_READ : 0) | (perm[1] == 'w' ? PROT_WRITE : 0) | (perm[2] == 'x' ? PROT_EXEC : 0);
	m->offset = strtoull(perm + 5, &p, 16);
	device = p + 1;
	inode = strtoull(strchr(device, ' '), &p, 10);
	m->plain = inode == 0 && perm[3] == 'p';
	m->base = perm[3] == 'p' ? find_base(w, device, inode) : -1;
	name = p + strspn(p, " ");
	m->stack = strcmp(name, "[stack]") == 0;
	m->useless = perm[3] == 'p' && m->base < 0 && is_useless(w, name);
	if (g_str_has_prefix(name, "[v")) /* vdso, vvar, vvar_vclock, vsyscall */
		return false;
	if (g_str_has_prefix(name, "/dev/") && !g_str_has_prefix(name, "/dev/zero") && !g_str_has_prefix(name, "/dev/shm/"))
		w->why = "memory of a device is mapped";
	return !is_binary(m);
}

static bool write_mappings(struct writer *w, char *text)
{
	for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		struct mapping m;

		*end = '\0';
		if (parse_mapping(w, line, &m) && !w->why && !write_mapping(w, &m))
			return false;
		if (w->why)
			return false;
	}
	return true;
}

/* Into the scratch, so that no memory is allocated. */
static char *read_mappings(struct writer *w)
{
	char *text = frozen_scratch + FROZEN_TABLE_MAX;
	size_t n = 0;
	ssize_t got = -1;
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && n < TEXT_MAX - 1 && (got = read(fd, text + n, TEXT_MAX - 1 - n)) > 0)
		n += (size_t)got;
	if (fd >= 0)
		close(fd);
	text[n] = '\0';
	if (got == 0)
		return text;
	w->why = "/proc/self/maps cannot be read whole";
	return NULL;
}

/* ---- what the kernel holds ---- */

static bool describe_thread(struct frozen *f, const char **why)
{
	stack_t alternate;

	f->tid = f->fs_base + TID_OFFSET;
	if (*(pid_t *)(uintptr_t)f->tid != (pid_t)syscall(SYS_gettid)) {
		*why = "this C library's threads are not as known";
		return false;
	}
	if (syscall(SYS_get_robust_list, 0, &f->robust, &f->robust_size) < 0)
		f->robust_size = 0;
	f->rseq = f->fs_base + (uint64_t)__rseq_offset;
	f->rseq_size = __rseq_size;
	if (sigaltstack(NULL, &alternate) == 0 && !(alternate.ss_flags & SS_DISABLE)) {
		f->altstack = (uintptr_t)alternate.ss_sp;
		f->altstack_size = alternate.ss_size;
		f->altstack_flags = (uint64_t)alternate.ss_flags;
	}
	for (int i = 0; i < FROZEN_SIGNALS; i++)
		if (syscall(SYS_rt_sigaction, i + 1, NULL, &f->signals[i], sizeof(uint64_t)) < 0)
			f->signals[i] = (struct frozen_signal){0};
	return true;
}

static bool describe_process(struct frozen *f, const char **why)
{
	memset(f, 0, FROZEN_TABLE_MAX);
	memcpy(f->magic, FROZEN_MAGIC, sizeof(f->magic));
	f->version = FROZEN_VERSION;
	frozen_processor(f->processor);
	frozen_kernel(f->kernel);
	if (!frozen_binary(f->binary)) {
		*why = "this QEMU was linked without a build ID";
		return false;
	}
	f->timer_slack = (uint64_t)prctl(PR_GET_TIMERSLACK);
	f->machine_check = (uint32_t)prctl(PR_MCE_KILL_GET, 0, 0, 0, 0);
	f->dumpable = (uint32_t)prctl(PR_GET_DUMPABLE);
	prctl(PR_GET_NAME, f->name);
	if (syscall(SYS_arch_prctl, ARCH_GET_FS, &f->fs_base) < 0) {
		*why = "the kernel does not tell the FS base";
		return false;
	}
	return describe_thread(f, why);
}

/* ---- the file ---- */

static bool write_tables(struct writer *w)
{
	struct frozen *f = w->table;

	f->nfds = w->nfds;
	memmove(frozen_fds(f), w->fds, w->nfds * sizeof(*w->fds));
	f->table_size = (uint32_t)((char *)(frozen_fds(f) + f->nfds) - (char *)f);
	f->file_size = w->size;
	f->sum = frozen_sum(f);
	if (ftruncate(w->image, (off_t)w->size) == 0)
		return write_at(w, f, f->table_size, 0);
	w->why = "its size cannot be set";
	return false;
}

static bool write_all(struct writer *w)
{
	char *text;

	w->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	text = read_mappings(w);
	return text && write_mappings(w, text) && write_tables(w);
}

/* Files that are part of the image. */
static bool write_files(struct writer *w)
{
	for (uint32_t i = 0; i < w->nfds; i++) {
		struct frozen_fd *d = &w->fds[i];
		uint64_t end = ROUND_UP(d->size, FROZEN_PAGE);

		if (d->kind != FROZEN_FD_CONTENT)
			continue;
		d->place = w->size;
		if (frozen_copy((int)d->number, 0, end, w->image, w->size, frozen_scratch + FROZEN_TABLE_MAX, TEXT_MAX) < 0) {
			w->why = is_out_of_room() ? "there is no room for it" : "a file of it cannot be copied";
			return false;
		}
		w->size += end;
	}
	close(w->order->stands);
	return true;
}

/* A base that cannot be told apart is none: all that is mapped from there is written. */
static void describe_bases(struct writer *w)
{
	const struct frozen_order *o = w->order;

	w->table->nbases = o->nbases;
	for (uint32_t i = 0; i < o->nbases; i++)
		if (!frozen_describe_base(o->bases[i], &w->table->bases[i]) || !frozen_name_base(o->bases[i], &w->bases[i]))
			w->bases[i].inode = 0;
}

int frozen_write(const struct frozen_order *o, const char **why)
{
	struct writer w = {.table = (struct frozen *)frozen_scratch, .order = o, .image = o->image, .size = FROZEN_TABLE_MAX};

	w.fds = (struct frozen_fd *)(frozen_scratch + FROZEN_TABLE_MAX) - FDS_MAX;
	if (!describe_process(w.table, why) || frozen_list_fds(o, w.fds, &w.nfds, FDS_MAX, why) < 0)
		return -1;
	if (!write_files(&w)) {
		*why = w.why;
		return -1;
	}
	describe_bases(&w);
	frozen_goes_on = false;
	getcontext(&frozen_context);
	if (frozen_goes_on)
		return 1;
	if (write_all(&w))
		return 0;
	*why = w.why;
	return -1;
}
