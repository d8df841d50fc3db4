The protocol ``vsock`` serves programs to virtual machines, or to their host, with each context id as a source to limits; systemd's ``ListenStream=vsock:`` is read and written.
