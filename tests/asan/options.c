/* options.c - the sanitizers' options of build/asan-vmtap, inside it: a test may empty the environment */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

/*
 * A script's own fault is a test's result: faults.c has the signals and their stack; memory that is refused is a null
 * pointer. Nothing is freed at the end of a process that ends. What the sanitizers find ends the process by a signal,
 * which no test takes for a verdict.
 */
const char *__asan_default_options(void)
{
	return "detect_leaks=0:handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:use_sigaltstack=0:"
	       "abort_on_error=1:detect_stack_use_after_return=0:allocator_may_return_null=1";
}

const char *__ubsan_default_options(void)
{
	return "abort_on_error=1:print_stacktrace=1";
}
