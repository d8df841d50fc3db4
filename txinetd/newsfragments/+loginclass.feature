FreeBSD's login classes are left out with a warning that says what is not set, rather than refused.
