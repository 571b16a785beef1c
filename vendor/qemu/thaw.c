/* thaw.c - `-thaw N[,B[,B]]`: become the process that the file with descriptor N holds, with those of its bases
 *
 * What follows on the command line is not read. `-thaw check=VERSION` says by its exit status that this QEMU can.
 *
 * Runs before QEMU's own constructors, so that there is nothing yet to be taken
 * back: the C library has set itself up, and one thread has some pages. First
 * all that can be refused is checked, then what the kernel holds is made, and
 * last, in map_all(), memory is replaced. From there on only the code below
 * runs: in the binary's text, which stays, on a stack in the scratch, which
 * stays, with system calls of its own, as the C library's variables are those
 * of the frozen process at any moment.
 *
 * Address randomization. The file's addresses are those of another process.
 * The binary's are the same by its link; the scratch is part of it. Everything
 * else of this process may lie where a region of the file belongs, and is then
 * replaced, which nobody minds but the vdso: if that was hit, time is asked of
 * the kernel. So the file does not depend on the kernel's vdso: the C library of
 * this process has found the functions in it, and its five pointers are kept.
 *
 * Heap. The kernel's end of the heap is this process's, and the frozen one's heap
 * is memory like the rest. A page without access behind that end keeps sbrk()
 * from ever succeeding, and malloc() turns to mmap().
 */
#include "qemu/osdep.h"

#include <sys/auxv.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <asm/prctl.h>

#include "frozen.h"

#define COPY_BYTES    (1u << 20) /* of a file that are copied at once */
#define REFUSED	      1	     /* exit status, as of QEMU when it cannot start */
#define VDSO_REACH    0x10000 /* bytes around the vdso's start in which all of it and its data are */
#define RSEQ_MARK     0x53053053 /* the C library's RSEQ_SIG */
#define RSEQ_SIZE     32	     /* what it registers */
#define RSEQ_UNREGISTER 1
#define RSEQ_CPU_NONE (-2) /* RSEQ_CPU_ID_REGISTRATION_FAILED */

/* The C library's, in its static form. */
extern void *_dl_vdso_clock_gettime64, *_dl_vdso_gettimeofday, *_dl_vdso_time, *_dl_vdso_getcpu,
	*_dl_vdso_clock_getres_time64, *__curbrk;
extern const ptrdiff_t __rseq_offset;
extern const unsigned int __rseq_size;

#define VDSO_FUNCTIONS 5
static void **const vdso_functions[VDSO_FUNCTIONS] = {
	&_dl_vdso_clock_gettime64, &_dl_vdso_gettimeofday, &_dl_vdso_time, &_dl_vdso_getcpu,
	&_dl_vdso_clock_getres_time64,
};

/* All that is needed while memory is replaced; in the scratch, behind the tables, with the stack above it. */
struct thaw {
	struct frozen *table;
	int files[FROZEN_SOURCES]; /* descriptors, -1 for what is none */
	void *vdso[VDSO_FUNCTIONS];
};

G_NORETURN static void refuse(const char *format, ...) G_GNUC_PRINTF(1, 2);

static void refuse(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	dprintf(STDERR_FILENO, "qemu: cannot thaw the machine: ");
	vdprintf(STDERR_FILENO, format, ap);
	dprintf(STDERR_FILENO, "\n");
	va_end(ap);
	_exit(REFUSED);
}

/* ---- what can be refused ---- */

static void read_tables(int image, struct frozen *f)
{
	struct stat st;

	if (pread(image, f, sizeof(*f), 0) != sizeof(*f) || memcmp(f->magic, FROZEN_MAGIC, sizeof(f->magic)) != 0)
		refuse("descriptor %d is no file of a frozen machine", image);
	if (f->version != FROZEN_VERSION)
		refuse("its file is of version %u of the format, not %u", f->version, FROZEN_VERSION);
	if (f->nbases > FROZEN_BASES || f->table_size < sizeof(*f) || f->table_size > FROZEN_TABLE_MAX ||
	    f->nregions > FROZEN_TABLE_MAX / sizeof(struct frozen_region) ||
	    f->nfds > FROZEN_TABLE_MAX / sizeof(struct frozen_fd) ||
	    (char *)(frozen_fds(f) + f->nfds) != (char *)f + f->table_size)
		refuse("the tables of its file are damaged");
	if (fstat(image, &st) < 0 || (uint64_t)st.st_size != f->file_size)
		refuse("its file was cut, or is longer than it was");
	if (pread(image, f, f->table_size, 0) != (ssize_t)f->table_size || frozen_sum(f) != f->sum)
		refuse("the tables of its file are damaged");
}

static void check_host(const struct frozen *f)
{
	uint8_t binary[FROZEN_BINARY];
	uint32_t processor[FROZEN_CPU_WORDS];
	char kernel[FROZEN_RELEASE];

	frozen_processor(processor);
	frozen_kernel(kernel);
	if (!frozen_binary(binary) || memcmp(binary, f->binary, sizeof(binary)) != 0)
		refuse("another QEMU has frozen it");
	if (memcmp(processor, f->processor, sizeof(processor)) != 0)
		refuse("it was frozen on a processor with other features");
	if (memcmp(kernel, f->kernel, sizeof(kernel)) != 0)
		refuse("it was frozen under Linux '%.*s', and this is '%s'", FROZEN_RELEASE - 1, f->kernel, kernel);
}

static void check_bases(const struct frozen *f, const int *files)
{
	for (uint32_t i = 0; i < f->nbases; i++) {
		struct frozen_base now;

		if (!f->bases[i].used)
			continue;
		if (files[FROZEN_BASE + i] < 0)
			refuse("base %u of its file is missing", i + 1);
		if (!frozen_describe_base(files[FROZEN_BASE + i], &now) || now.size != f->bases[i].size ||
		    now.mtime != f->bases[i].mtime)
			refuse("base %u of its file is not as it was", i + 1);
	}
}

static bool is_inside(uint64_t place, uint64_t bytes, uint64_t size)
{
	size = ROUND_UP(size, FROZEN_PAGE);
	return place <= size && bytes <= size - place;
}

static void check_files(const struct frozen *f)
{
	const struct frozen_fd *d = frozen_fds((struct frozen *)f);

	for (uint32_t i = 0; i < f->nfds; i++)
		if (d[i].kind == FROZEN_FD_CONTENT && !is_inside(d[i].place, d[i].size, f->file_size))
			refuse("the tables of its file are damaged");
}

/* What is mapped must be in the files, as the tables' sum keeps nobody from a mistake. */
static void check_regions(const struct frozen *f)
{
	const struct frozen_region *r = frozen_regions((struct frozen *)f);

	for (uint32_t i = 0; i < f->nregions; i++) {
		uint64_t size = f->file_size;

		if (r[i].source >= FROZEN_BASE + f->nbases || r[i].start >= r[i].end)
			refuse("the tables of its file are damaged");
		if (r[i].source == FROZEN_ZEROS)
			continue;
		if (r[i].source >= FROZEN_BASE)
			size = f->bases[r[i].source - FROZEN_BASE].size;
		if (!is_inside(r[i].offset, r[i].end - r[i].start, size))
			refuse("the tables of its file are damaged");
	}
}

/* ---- descriptors ---- */

static bool has_type(const struct frozen_fd *d)
{
	socklen_t size = sizeof(uint32_t);
	uint32_t type = 0;
	struct stat st;

	if (fstat((int)d->number, &st) < 0 || (st.st_mode & S_IFMT) != d->mode)
		return false;
	return !S_ISSOCK(st.st_mode) ||
	       (getsockopt((int)d->number, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == d->type);
}

/* Give a new descriptor its number and flags. */
static void place(int fd, const struct frozen_fd *d)
{
	int number = (int)d->number;

	if (fd < 0)
		refuse("descriptor %d cannot be made again: %s", number, strerror(errno));
	if (fd != number) {
		if (dup2(fd, number) < 0)
			refuse("descriptor %d cannot be made again: %s", number, strerror(errno));
		close(fd);
	}
	fcntl(number, F_SETFD, d->close_on_exec ? FD_CLOEXEC : 0);
}

#define NOT_AGAIN (O_CREAT | O_TRUNC | O_EXCL | O_TMPFILE) /* flags of the first time that a file was opened */

static void open_again(const struct frozen_fd *d, const char *path)
{
	int fd = open(path, (int)d->flags & ~NOT_AGAIN);

	if (fd < 0)
		refuse("'%s' cannot be opened: %s", d->path, strerror(errno));
	place(fd, d);
	if (d->mode == S_IFREG)
		lseek((int)d->number, (off_t)d->value, SEEK_SET);
}

static void open_file(const struct frozen_fd *d)
{
	if (has_type(d)) /* it was given */
		return;
	open_again(d, d->path);
}

static void open_by_number(const struct frozen_fd *d, int number)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", number);
	open_again(d, path);
}

/* Where the first one was, as there is room for it, and its kind of writing is possible; else in memory. */
static int make_nameless(const struct frozen_fd *d)
{
	char folder[FROZEN_PATH_MAX];
	char *end;
	int fd = -1;

	memcpy(folder, d->path, sizeof(folder));
	folder[sizeof(folder) - 1] = '\0';
	end = strrchr(folder, '/');
	if (end && end != folder && strncmp(folder, "/memfd:", strlen("/memfd:")) != 0) {
		*end = '\0';
		fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	}
	return fd >= 0 ? fd : memfd_create("vmtap-file", MFD_CLOEXEC);
}

/* @image: the file that it is part of. */
static void make_content(const struct frozen_fd *d, int image)
{
	uint64_t size = ROUND_UP(d->size, FROZEN_PAGE);
	char *buffer = frozen_scratch + FROZEN_TABLE_MAX + sizeof(struct thaw);
	int fd;

	if (has_type(d)) /* it was given */
		return;
	fd = make_nameless(d);
	if (fd < 0 || frozen_copy(image, d->place, d->place + size, fd, 0, buffer, COPY_BYTES) < 0 ||
	    ftruncate(fd, (off_t)d->size) < 0)
		refuse("'%s' cannot be made again: %s", d->path, strerror(errno));
	open_by_number(d, fd);
	if (fd != (int)d->number) /* else its place was taken */
		close(fd);
}

/*
 * As of block/file-posix.c: a locked byte of 100 to 199 says "I do this", one of 200 to 299 "nobody else may do that";
 * all are shared locks, and who comes looks for the other's byte.
 */
static bool is_disputed(const struct frozen_fd *d, const struct frozen_lock *own)
{
	for (uint64_t byte = own->start; byte < own->start + own->length; byte++) {
		struct flock other = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};

		if (byte < 100 || byte >= 300)
			continue;
		other.l_start = (off_t)(byte < 200 ? byte + 100 : byte - 100);
		if (fcntl((int)d->number, F_OFD_GETLK, &other) < 0 || other.l_type != F_UNLCK)
			return true;
	}
	return false;
}

static void lock_file(const struct frozen_fd *d)
{
	for (uint32_t i = 0; i < d->nlocks; i++) {
		struct flock lock = {.l_type = d->locks[i].write ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET};

		lock.l_start = (off_t)d->locks[i].start;
		lock.l_len = (off_t)d->locks[i].length;
		if (fcntl((int)d->number, F_OFD_SETLK, &lock) < 0 || (d->kind == FROZEN_FD_FILE && is_disputed(d, &d->locks[i])))
			refuse("'%s' is in use by another process", d->path);
	}
}

static void make_fd(const struct frozen_fd *d, int image)
{
	switch ((enum frozen_fd_kind)d->kind) {
	case FROZEN_FD_STANDARD:
		if (fcntl((int)d->number, F_GETFD) < 0)
			refuse("descriptor %u is closed", d->number);
		break;
	case FROZEN_FD_GIVEN:
		if (!has_type(d))
			refuse("descriptor %u is not what it was ('%s')", d->number, d->path);
		fcntl((int)d->number, F_SETFL, (int)d->flags & (O_NONBLOCK | O_APPEND));
		fcntl((int)d->number, F_SETFD, d->close_on_exec ? FD_CLOEXEC : 0);
		break;
	case FROZEN_FD_EVENT:
		place(eventfd(1, (int)d->flags & O_NONBLOCK ? EFD_NONBLOCK : 0), d);
		break;
	case FROZEN_FD_SIGNAL:
		place((int)syscall(SYS_signalfd4, -1, &d->value, sizeof(d->value), (int)d->flags & O_NONBLOCK), d);
		break;
	case FROZEN_FD_FILE:
		open_file(d);
		lock_file(d);
		break;
	case FROZEN_FD_CONTENT:
		make_content(d, image);
		lock_file(d);
		break;
	case FROZEN_FD_AGAIN:
		open_by_number(d, (int)d->place);
		lock_file(d);
		break;
	}
}

/* The files' own descriptors go where none of the frozen process's was. */
static void make_fds(struct frozen *f, int *files)
{
	const struct frozen_fd *fds = frozen_fds(f);
	uint32_t last = 0;

	for (uint32_t i = 0; i < f->nfds; i++)
		last = MAX(last, fds[i].number);
	for (int i = 0; i < FROZEN_SOURCES; i++) {
		int moved;

		if (files[i] < 0)
			continue;
		moved = fcntl(files[i], F_DUPFD_CLOEXEC, (int)last + 1);
		if (moved < 0)
			refuse("descriptor %d cannot be moved: %s", files[i], strerror(errno));
		close(files[i]);
		files[i] = moved;
	}
	for (uint32_t i = 0; i < f->nfds; i++)
		make_fd(&fds[i], files[FROZEN_OWN]);
}

/* ---- the rest of what the kernel holds ---- */

static void make_process(const struct frozen *f)
{
	uint64_t all = ~0ull;

	/* Until the frozen context brings its own mask: no handler may run in between. */
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof(all));
	for (int i = 0; i < FROZEN_SIGNALS; i++)
		if (i + 1 != SIGKILL && i + 1 != SIGSTOP)
			syscall(SYS_rt_sigaction, i + 1, &f->signals[i], NULL, sizeof(uint64_t));
	prctl(PR_SET_TIMERSLACK, f->timer_slack);
	prctl(PR_MCE_KILL, PR_MCE_KILL_SET, f->machine_check, 0, 0);
	prctl(PR_SET_DUMPABLE, f->dumpable);
	prctl(PR_SET_NAME, f->name);
	/* The kernel would go on writing to what this process has registered. */
	if (__rseq_size)
		syscall(SYS_rseq, (char *)__builtin_thread_pointer() + __rseq_offset, RSEQ_SIZE, RSEQ_UNREGISTER, RSEQ_MARK);
}

/* Whether a region of the file comes to lie on the vdso or its data. */
static bool hits_vdso(struct frozen *f)
{
	uint64_t vdso = getauxval(AT_SYSINFO_EHDR);
	const struct frozen_region *r = frozen_regions(f);

	for (uint32_t i = 0; i < f->nregions; i++)
		if (r[i].start < vdso + VDSO_REACH && r[i].end > vdso - VDSO_REACH)
			return true;
	return false;
}

/* ---- replacing memory: no C library from here on ---- */

#define ALONE __attribute__((no_stack_protector, noinline))

static inline long kernel(long n, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	register uint64_t r10 asm("r10") = d;
	register uint64_t r8 asm("r8") = e;
	register uint64_t r9 asm("r9") = f;
	long result;

	asm volatile("syscall"
		     : "=a"(result)
		     : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
		     : "rcx", "r11", "memory");
	return result;
}

ALONE G_NORETURN static void fail(void)
{
	static const char text[] = "qemu: cannot thaw the machine: its memory cannot be mapped\n";

	kernel(SYS_write, STDERR_FILENO, (uintptr_t)text, sizeof(text) - 1, 0, 0, 0);
	for (;;)
		kernel(SYS_exit_group, REFUSED, 0, 0, 0, 0, 0);
}

/* Where files may not be executed (a noexec mount), code that was translated is read instead of mapped. */
ALONE static void read_region(const struct thaw *t, const struct frozen_region *r)
{
	const uint64_t how = MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE | MAP_ANONYMOUS;
	uint64_t done = 0, size = r->end - r->start;

	if (kernel(SYS_mmap, r->start, size, r->prot | PROT_WRITE, how, -1, 0) != (long)r->start)
		fail();
	while (done < size) {
		long n = kernel(SYS_pread64, (uint64_t)t->files[r->source], r->start + done, size - done, r->offset + done, 0, 0);

		if (n <= 0)
			fail();
		done += (uint64_t)n;
	}
	if (kernel(SYS_mprotect, r->start, size, r->prot, 0, 0, 0) < 0)
		fail();
}

ALONE static void map_region(const struct thaw *t, const struct frozen_region *r)
{
	const uint64_t how = MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE | (r->source == FROZEN_ZEROS ? MAP_ANONYMOUS : 0);
	uint64_t file = (uint64_t)(int64_t)t->files[r->source];
	long at = kernel(SYS_mmap, r->start, r->end - r->start, r->prot, how, file, r->offset);

	if (at == (long)r->start)
		return;
	if (at != -EPERM || r->source == FROZEN_ZEROS || !(r->prot & PROT_EXEC))
		fail();
	read_region(t, r);
}

/* The C library's pointers into the vdso are in memory that it made read-only. */
ALONE static void set_vdso(const struct thaw *t)
{
	for (int i = 0; i < VDSO_FUNCTIONS; i++) {
		uint64_t at = (uintptr_t)vdso_functions[i];
		const struct frozen_region *r = frozen_regions(t->table);

		while (at < r->start || at >= r->end) /* it is in one: it is neither code nor scratch */
			r++;
		kernel(SYS_mprotect, at & -FROZEN_PAGE, FROZEN_PAGE, PROT_READ | PROT_WRITE, 0, 0, 0);
		*vdso_functions[i] = t->vdso[i];
		kernel(SYS_mprotect, at & -FROZEN_PAGE, FROZEN_PAGE, r->prot, 0, 0, 0);
	}
}

ALONE static void set_heap(void)
{
	uint64_t end = (uint64_t)kernel(SYS_brk, 0, 0, 0, 0, 0, 0);
	const uint64_t how = MAP_PRIVATE | MAP_FIXED_NOREPLACE | MAP_NORESERVE | MAP_ANONYMOUS;

	__curbrk = (void *)(uintptr_t)end;
	/* Where it fails there is something already, which is as good. */
	kernel(SYS_mmap, (end + FROZEN_PAGE - 1) & -(uint64_t)FROZEN_PAGE, FROZEN_PAGE, PROT_NONE, how, -1, 0);
}

ALONE static void set_thread(const struct frozen *f)
{
	int32_t *cpu = (int32_t *)(uintptr_t)f->rseq;

	if (kernel(SYS_arch_prctl, ARCH_SET_FS, f->fs_base, 0, 0, 0, 0) < 0)
		fail();
	*(int32_t *)(uintptr_t)f->tid = (int32_t)kernel(SYS_set_tid_address, f->tid, 0, 0, 0, 0, 0);
	if (f->robust_size)
		kernel(SYS_set_robust_list, f->robust, f->robust_size, 0, 0, 0, 0);
	if (f->rseq_size) {
		cpu[0] = 0;
		cpu[1] = RSEQ_CPU_NONE;
		kernel(SYS_rseq, f->rseq, RSEQ_SIZE, 0, RSEQ_MARK, 0, 0);
	}
	if (f->altstack_size) {
		const stack_t alternate = {
			.ss_sp = (void *)(uintptr_t)f->altstack,
			.ss_size = f->altstack_size,
			.ss_flags = (int)f->altstack_flags,
		};

		kernel(SYS_sigaltstack, (uintptr_t)&alternate, 0, 0, 0, 0, 0);
	}
}

ALONE G_NORETURN __attribute__((used)) static void map_all(struct thaw *t)
{
	struct frozen *f = t->table;

	for (uint32_t i = 0; i < f->nregions; i++)
		map_region(t, &frozen_regions(f)[i]);
	for (int i = 0; i < FROZEN_SOURCES; i++)
		if (t->files[i] >= 0)
			kernel(SYS_close, (uint64_t)t->files[i], 0, 0, 0, 0, 0);
	set_vdso(t);
	set_heap();
	set_thread(f);
	frozen_goes_on = true;
	setcontext(&frozen_context);
	fail();
}

/* ---- */

/* "N[,B[,B]]" */
static void parse_files(const char *text, int *files)
{
	char *end = (char *)text;

	files[FROZEN_ZEROS] = -1;
	for (int i = FROZEN_OWN; i < FROZEN_SOURCES; i++) {
		files[i] = *end ? (int)strtol(end, &end, 10) : -1;
		end += *end == ',';
	}
}

static void thaw(const char *files)
{
	struct frozen *f = (struct frozen *)frozen_scratch;
	struct thaw *t = (struct thaw *)(frozen_scratch + FROZEN_TABLE_MAX);
	char *stack = frozen_scratch + FROZEN_SCRATCH - 128;

	t->table = f;
	parse_files(files, t->files);
	read_tables(t->files[FROZEN_OWN], f);
	check_host(f);
	check_bases(f, t->files);
	check_regions(f);
	check_files(f);
	make_fds(f, t->files);
	if (!hits_vdso(f))
		for (int i = 0; i < VDSO_FUNCTIONS; i++)
			t->vdso[i] = *vdso_functions[i];
	make_process(f);
	asm volatile("mov %0, %%rsp\n\t"
		     "xor %%ebp, %%ebp\n\t"
		     "call map_all"
		     :
		     : "r"(stack), "D"(t)
		     : "memory");
	__builtin_unreachable();
}

static void thaw_if_asked(int argc, char **argv, char **envp)
{
	(void)envp;
	if (argc < 3 || strcmp(argv[1], "-thaw") != 0)
		return;
	if (strcmp(argv[2], "check=" FROZEN_VERSION_TEXT) == 0)
		_exit(frozen_binary((uint8_t[FROZEN_BINARY]){0}) ? 0 : REFUSED);
	thaw(argv[2]);
}

__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **, char **) = thaw_if_asked;
