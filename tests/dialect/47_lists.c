net(a); net(b); net(c); net(d); net(e); net(f); net(g); net(h); net(i);
struct net undeclared;
vm(most, .nets = {&a, &b, &c, &d, &e, &f, &g, &h}, .qemu = {"a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a"});
vm(nets9, .nets = {&a, &b, &c, &d, &e, &f, &g, &h, &i});
vm(qemu65, .qemu = {"a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a"});
vm(twice, .nets = {&a, &b, &a});
vm(hole, .nets = {&a, 0, &b}, .qemu = {"a", 0, "b"});
vm(nothing, .nets = {}, .qemu = {});
vm(stranger, .nets = {&undeclared});
vm_array(none, 0);

test("x") {
}
