``--questions`` (xinetd's ``-logprocs``) says of how many clients at a time an identd is asked.
