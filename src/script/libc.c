/* libc.c - every function that a script can call, by the name that vmtap.h declares
 *
 * This table is the whole of the outside world to a script: nothing else is
 * found by its linker. What tcc's code calls by itself (memcpy and memset for
 * structures) is in it too.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/mem.h"
#include "script/blocks.h"
#include "script/checks.h"
#include "script/compiled.h"
#include "script/format.h"
#include "script/heap.h"
#include "script/host.h"
#include "script/jobs.h"
#include "script/methods.h"
#include "script/output.h"

struct symbol {
	const char *name;
	uintptr_t address;
};

#define SAME(name)	  {#name, (uintptr_t)(name)}
#define AS(name, function) {#name, (uintptr_t)(function)}

static const struct symbol symbols[] = {
	AS(vmtap_enter_subtest, block_enter_subtest), AS(vmtap_enter_within, block_enter_within),
	AS(vmtap_enter_retry, block_enter_retry), AS(vmtap_begin_again, block_begin_again),
	AS(vmtap_enter_always, block_enter_always), AS(vmtap_poll_again, block_poll_again), AS(vmtap_polled, block_polled),
	AS(vmtap_lines, text_lines), AS(vmtap_next_line, text_next),
	AS(vmtap_leave, block_leave), AS(vmtap_mark, _setjmp),
	AS(vmtap_ok, check_ok), AS(vmtap_is_integer, check_integer), AS(vmtap_is_number, check_number),
	AS(vmtap_is_text, check_text), AS(vmtap_like, check_like),
	AS(note, output_note), AS(skip, output_skip), AS(todo, output_todo), AS(bail_out, output_bail_out), AS(start_all, methods_start_all), AS(join_all, methods_join_all),
	AS(job_wait, script_job_wait), AS(job_running, script_job_running), AS(job_output, script_job_output),
	AS(job_signal, script_job_signal), AS(job_write, script_job_write), AS(job_close, script_job_close),
	AS(match, text_match), AS(json_get, text_json), AS(host, host_run), AS(accelerated, host_accelerated), AS(slowness, host_slowness), AS(log_dir, host_log_dir),
	AS(fmt, text_format), AS(trim, text_trim), AS(contains, text_contains), AS(env, text_environment),

	SAME(__errno_location), SAME(strerror),
	SAME(strlen), SAME(strnlen), SAME(strcmp), SAME(strncmp), SAME(strcasecmp), SAME(strncasecmp),
	SAME(strchr), SAME(strrchr), SAME(strstr), SAME(strcasestr), SAME(strspn), SAME(strcspn), SAME(strpbrk),
	SAME(strtok), SAME(strtok_r), SAME(strsep), AS(strdup, heap_strdup), AS(strndup, heap_strndup), SAME(strcpy), SAME(strncpy),
	SAME(stpcpy), SAME(strcat), SAME(strncat), SAME(memcpy), SAME(memmove), SAME(memset), SAME(memcmp),
	SAME(memchr), SAME(memmem),

	SAME(isalnum), SAME(isalpha), SAME(isblank), SAME(iscntrl), SAME(isdigit), SAME(isgraph), SAME(islower),
	SAME(isprint), SAME(ispunct), SAME(isspace), SAME(isupper), SAME(isxdigit), SAME(tolower), SAME(toupper),

	AS(malloc, heap_malloc), AS(calloc, heap_calloc), AS(realloc, heap_realloc), SAME(free), SAME(abs), SAME(labs), SAME(llabs),
	SAME(atoi), SAME(atol), SAME(atoll), SAME(atof), SAME(strtol), SAME(strtoll), SAME(strtoul), SAME(strtoull),
	SAME(strtod), SAME(qsort), SAME(bsearch), SAME(rand), SAME(srand), SAME(getenv),
	AS(exit, output_exit), AS(abort, output_abort),

	AS(fopen, output_fopen), SAME(fclose), SAME(fgets), SAME(fgetc), SAME(fread), SAME(feof), SAME(ferror),
	SAME(getline), AS(printf, output_printf), AS(vprintf, output_vprintf), AS(puts, output_puts),
	AS(putchar, output_putchar), SAME(snprintf), SAME(vsnprintf), SAME(sprintf), SAME(vsprintf), AS(asprintf, heap_asprintf),
	AS(vasprintf, heap_vasprintf), SAME(sscanf),

	SAME(fabs), SAME(floor), SAME(ceil), SAME(round), SAME(trunc), SAME(fmod), SAME(fmin), SAME(fmax), SAME(sqrt),
	SAME(pow), SAME(exp), SAME(log), SAME(log2), SAME(log10), SAME(sin), SAME(cos), SAME(tan), SAME(atan2),

	SAME(time), SAME(difftime), SAME(gmtime), SAME(localtime), SAME(mktime), SAME(strftime), SAME(clock_gettime),
};

void libc_add_symbols(TCCState *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++)
		tcc_add_symbol(s, symbols[i].name, (const void *)symbols[i].address);
}
