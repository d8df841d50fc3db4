``serving N services on N sockets`` in the log counts only sockets that could be had; what could not is said before, with the reason.
