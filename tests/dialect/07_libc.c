#include <string.h>
#include "vmtap.h"

static int order(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

struct pair {
	int key;
	double value;
};

static struct pair copies[2] = {{1, 0.5}, {2, 1.5}};

test("the C library in reach") {
	int numbers[] = {3, 1, 2};
	char text[32] = "a,b,c", *rest = text;
	struct tm tm = {.tm_year = 100, .tm_mday = 1};
	struct pair copy = copies[1];

	qsort(numbers, 3, sizeof(int), order);
	is(numbers[0], 1);
	is(strsep(&rest, ","), "a");
	is(toupper('x'), 'X');
	is(strtol("0x1f", NULL, 0), 31);
	is(sqrt(16.0), 4);
	is(snprintf(text, sizeof(text), "%d-%s", 7, "x"), 3);
	is(text, "7-x");
	ok(strftime(text, sizeof(text), "%Y-%m-%d", &tm) > 0);
	is(text, "2000-01-01");
	is(copy.value, 1.5);
	ok(time(NULL) > 0);
}

test("files of the host can be read") {
	FILE *f = fopen("/proc/self/comm", "r");
	char line[64];

	ok(f != NULL);
	ok(fgets(line, sizeof(line), f) != NULL);
	is(fclose(f), 0);
	ok(fopen("/there is no such file", "r") == NULL);
	isnt(errno, 0);
}
