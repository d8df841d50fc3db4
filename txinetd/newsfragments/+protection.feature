In every format, what cannot guard a service of its kind, and a limit that cannot be kept, is an error when the file is read.
