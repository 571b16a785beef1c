/* stabs.c - the types of variables, from tcc's debugging information back to C */
#include "unit.h"

#include "script/stabs.h"

static struct buf out;
static struct stabs types;

static const char *declared(const char *type)
{
	stabs_free(&types);
	stabs_learn(&types, "int:t1=r1;-2147483648;2147483647;");
	stabs_learn(&types, "char:t2=r2;0;127;");
	stabs_learn(&types, "bool:t26=r26;0;255;");
	stabs_learn(&types, "void:t27=27");
	stabs_learn(&types, "point:T28=s8x:1,0,32;y:1,32,32;;");
	stabs_learn(&types, "both:T29=u8x:1,0,32;;");
	stabs_learn(&types, "colour:T30=ered:0,blue:1,;");
	stabs_learn(&types, ":T31=s4x:1,0,32;;");
	buf_clear(&out);
	return stabs_declare(&types, type, "v", &out) ? buf_str(&out) : "unknown";
}

TEST(stabs, types_of_c_have_their_names)
{
	CHECK_STR(declared("1"), "int v;");
	CHECK_STR(declared("26"), "_Bool v;");
	CHECK_STR(declared("28"), "struct point v;");
	CHECK_STR(declared("29"), "union both v;");
	CHECK_STR(declared("30"), "int v;");
}

TEST(stabs, pointers_arrays_and_functions)
{
	CHECK_STR(declared("32=33=*2"), "char *v;");
	CHECK_STR(declared("32=33=*34=*27"), "void **v;");
	CHECK_STR(declared("32=33=ar1;0;9;2"), "char v[10];");
	CHECK_STR(declared("32=33=ar1;0;2;34=ar1;0;3;1"), "int v[3][4];");
	CHECK_STR(declared("32=33=ar1;0;2;34=*2"), "char *v[3];");
	CHECK_STR(declared("32=33=*34=ar1;0;2;28"), "struct point (*v)[3];");
	CHECK_STR(declared("32=33=*34=f1"), "int (*v)();");
}

TEST(stabs, what_is_not_known_is_said)
{
	CHECK_STR(declared("31"), "unknown");		  /* a structure without a name */
	CHECK_STR(declared("99"), "unknown");
	CHECK_STR(declared("32=33=ar1;0;-1;1"), "unknown"); /* an array whose size the program has computed */
	CHECK_STR(declared("32=33=*"), "unknown");
	CHECK_STR(declared(""), "unknown");
	CHECK_STR(declared("32="), "unknown");
	CHECK_STR(declared("1x"), "unknown");
}

TEST(stabs, texts_that_define_no_type_say_nothing)
{
	stabs_free(&types);
	stabs_learn(&types, "v:1");
	stabs_learn(&types, "v:t");
	stabs_learn(&types, "v:t1");
	stabs_learn(&types, "v:t99999999999=r1;");
	stabs_learn(&types, "");
	CHECK(types.n == 0);
}
