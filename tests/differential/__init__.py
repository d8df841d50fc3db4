"""
The same files for xinetd, read by xinetd itself and by this project: which ports listen, who is
refused, what servers find, what is logged.  C{python -m tests.differential [FILE...]}
prints a table.
"""
