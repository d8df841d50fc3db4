Sun RPC services are registered with rpcbind(8) through libtirpc, by a process of their own that never holds up the daemon; again when rpcbind is restarted, and no longer than the daemon lives.
