"""
The one thing that setup.cfg has no words for: the part that is in C.  Where there is no
compiler txinetd is installed without it, and starts servers by other roads.
"""

import os

from setuptools import Extension, setup

#: The oldest Python for which it works, as py_limited_api in setup.cfg says, too.
CLONE = Extension(
    "txinetd.process._clone",
    ["txinetd/process/_clone.c"],
    define_macros=[("Py_LIMITED_API", "0x030b0000")],
    py_limited_api=True,
    optional=True,
)

setup(ext_modules=[] if os.environ.get("TXINETD_PURE") else [CLONE])
