/* junit.h - the results as a JUnit XML file, which GitHub's, GitLab's and Jenkins' views of tests read
 *
 *	<testsuites name="vmtap" tests="3" failures="1" errors="0" skipped="0" time="2.41">
 *	  <testsuite name="tests/web.c" tests="3" ...>
 *	    <testcase name="page" classname="tests/web.c" file="tests/web.c" line="7" time="1.21">
 *	      <failure message="..." type="fail">at, found, wanted, console, ...</failure>
 *	      <system-out>the notes</system-out>
 *
 * A failure of the infrastructure is an <error>. The file is written as a whole at the end, also when the run is
 * interrupted: then it has the points that there are.
 */
#ifndef REPORT_JUNIT_H
#define REPORT_JUNIT_H

#include "base/buf.h"
#include "base/err.h"
#include "report/report.h"

/**
 * struct junit - The report
 * @path:	The file; not owned
 * @suites:	One a script, in the order of their first points
 */
struct junit {
	struct reporter reporter;
	const char *path;
	struct junit_suite *suites;
	size_t nsuites;
};

/**
 * junit_open() - Begin with a report without tests, so that an older one is not taken for this run's
 *
 * Return: 0, or -1 when it cannot be, so that nobody waits for a run whose report is lost
 */
int junit_open(struct junit *j, const char *path, struct err *err);

/* Free all. */
void junit_close(struct junit *j);

/* Append a <testcase>. Pure, for tests. */
void junit_format_case(struct buf *out, const struct point *p);

#endif
