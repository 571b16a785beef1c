vm(Server);
vm(localhost);
vm(_x);
vm(a_name_of_64_characters_is_one_more_than_a_host_name_can_have_000);

test("x") {
}
