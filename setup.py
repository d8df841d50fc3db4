"""
What setup.cfg has no words for: the part that is in C.  Where there is no compiler txinetd
is installed without it, and starts servers by other roads.
"""

import os
import sysconfig

from setuptools import Extension, setup

#: The oldest Python for which what is built works, in two ways of writing it.
OLDEST, OLDEST_TAG = "0x030b0000", "cp311"

CLONE = Extension(
    "txinetd.process._clone",
    ["txinetd/process/_clone.c"],
    define_macros=[("Py_LIMITED_API", OLDEST)],
    py_limited_api=True,
    optional=True,
)

# Python without its global lock has no such thing as one build for many versions.
if os.environ.get("TXINETD_PURE") or sysconfig.get_config_var("Py_GIL_DISABLED"):
    setup()
else:
    setup(ext_modules=[CLONE], options={"bdist_wheel": {"py_limited_api": OLDEST_TAG}})
