test("texts of several lines differ in some") {
	is("one\ntwo\nthree\nfour\nfive\nsix\n", "one\ntwo\n3\nfour\nfive\nsix\n");
}

test("white space is made visible") {
	is("one\ntwo \n", "one\ntwo\n");
}

test("one ends too early, one goes on") {
	is("one\n", "one\ntwo\n");
	is("one\ntwo\n", "one\n");
}

test("a long line points at the first byte that differs") {
	is("inet 192.168.1.17/24 brd 192.168.1.255 scope global eth0 valid_lft forever",
	   "inet 192.168.1.17/24 brd 192.168.1.255 scope global eth1 valid_lft forever");
}

test("what of a regular expression does match") {
	like("HTTP/1.1 200 OK\nServer: nginx/1.22\n", "^Server: apache");
	like("Hello", "hello");
	unlike("one\ntwo\n", "^t");
}
