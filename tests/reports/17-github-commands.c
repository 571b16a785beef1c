/* right: failures as they are, and nothing in either stream that GitHub Actions would obey */
vm(m);

test("a console", .timeout = 400) {
	m.execute("printf 'x ##[error]pwn\\n::error::pwn\\n' >/dev/console");
	note(m.succeed("printf '##[error]note\\n::error::n2'"));
	m.succeed("printf '##[error]out\\n::warning::o' >&2; false");
}

test("weird ##[error]name", .timeout = 400) {
	printf("::error::pwn\n");
	is(m.succeed("echo '##[error]x'"), "");
}
