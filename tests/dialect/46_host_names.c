vm(space, .hostname = "a b");
vm(empty, .hostname = "");
vm(dots, .hostname = "a..b");
vm(hyphen, .hostname = "-b");
vm(local, .hostname = "localhost");
vm(overlong, .hostname = "a123456789.b123456789.c123456789.d123456789.e123456789.f123456789");
vm(fits, .hostname = "a123456789.b123456789.c123456789.d123456789.e123456789.f12345678");
vm(label, .hostname = "a234567890123456789012345678901234567890123456789012345678901234");
vm_array(array, 2, .hostname = "same");
vm(one, .hostname = "Same.name");
vm(two, .hostname = "same.Name");
vm(plain);
vm(three, .hostname = "plain");
vm(good, .hostname = "db_1.example-2.com");

test("x") {
}
