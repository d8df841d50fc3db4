"""
txinetd: an internet super-server for Python and Twisted.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
