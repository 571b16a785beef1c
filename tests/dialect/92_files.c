vm(no_place, .files = { "build/app" });
vm(relative, .files = { "build/app:usr/bin/app" });
vm(nothing, .files = { ":/usr/bin/app" });
vm(pattern, .files = { "dist/*.deb:/opt" });
vm(gap, .files = { "a:/a", 0, "b:/b" });
vm(empty, .files = {});
vm(colons, .files = { "a:/b:/c", "x:y:/z", "dist/*.deb:/opt/", "a*:/b/" });

test("x") {
}
