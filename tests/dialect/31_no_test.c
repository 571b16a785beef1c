vm(server);
