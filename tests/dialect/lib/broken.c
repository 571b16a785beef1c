
static int lib_broken(void)
{
	return undefined_here;
}
