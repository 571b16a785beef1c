/* unit.h - the smallest unit-test harness: named cases, TAP on stdout
 *
 *	TEST(sha256, abc_has_the_published_sum)
 *	{
 *		CHECK_STR(sum("abc"), "ba7816bf...");
 *	}
 *
 * A file is one suite and one program; main() is here (define nothing else).
 */
#ifndef UNIT_H
#define UNIT_H

#include <stdio.h>
#include <string.h>

struct unit_case {
	const char *name;
	void (*run)(void);
};

static int unit_failed; /* checks of the running case */

#define TEST(suite, name)                                                                      \
	static void suite##__##name(void);                                                     \
	static const struct unit_case unit_##suite##__##name                                   \
		__attribute__((section("unit_cases"), used, aligned(sizeof(void *)))) = {      \
			#suite "__" #name, suite##__##name};                                   \
	static void suite##__##name(void)

#define CHECK(cond)                                                                            \
	do {                                                                                   \
		if (!(cond)) {                                                                 \
			unit_failed++;                                                         \
			printf("# %s:%d: not true: %s\n", __FILE__, __LINE__, #cond);          \
		}                                                                              \
	} while (0)

#define CHECK_INT(got, want)                                                                   \
	do {                                                                                   \
		long long got_ = (long long)(got), want_ = (long long)(want);                  \
		if (got_ != want_) {                                                           \
			unit_failed++;                                                         \
			printf("# %s:%d: %s is %lld, not %lld\n", __FILE__, __LINE__, #got,    \
			       got_, want_);                                                   \
		}                                                                              \
	} while (0)

#define CHECK_STR(got, want)                                                                   \
	do {                                                                                   \
		const char *got_ = (got), *want_ = (want);                                     \
		if (!got_ || strcmp(got_, want_) != 0) {                                       \
			unit_failed++;                                                         \
			printf("# %s:%d: %s is '%s', not '%s'\n", __FILE__, __LINE__, #got,    \
			       got_ ? got_ : "(null)", want_);                                 \
		}                                                                              \
	} while (0)

/* @text contains @part: for messages whose wording may grow. */
#define CHECK_HAS(text, part)                                                                  \
	do {                                                                                   \
		const char *text_ = (text), *part_ = (part);                                   \
		if (!strstr(text_, part_)) {                                                   \
			unit_failed++;                                                         \
			printf("# %s:%d: '%s' does not contain '%s'\n", __FILE__, __LINE__,    \
			       text_, part_);                                                  \
		}                                                                              \
	} while (0)

extern const struct unit_case __start_unit_cases[], __stop_unit_cases[];

int main(void)
{
	size_t n = (size_t)(__stop_unit_cases - __start_unit_cases);
	int failures = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..%zu\n", n);
	for (size_t i = 0; i < n; i++) {
		unit_failed = 0;
		__start_unit_cases[i].run();
		failures += unit_failed != 0;
		printf("%sok %zu - %s\n", unit_failed ? "not " : "", i + 1, __start_unit_cases[i].name);
	}
	return failures != 0;
}

#endif
