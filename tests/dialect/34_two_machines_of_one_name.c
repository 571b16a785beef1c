vm(one);
vm_array(node, 2);
vm(node1);
vm(one);
vm_array(many, 100);

test("x") {
}
