"""
How Sphinx builds the manual.
"""

import txinetd

project = "txinetd"
author = "The txinetd developers"
release = version = txinetd.__version__
extensions: list[str] = []
# Part of another page.
exclude_patterns = ["_build", "diagnostics.rst"]
html_theme = "alabaster"
nitpicky = True
