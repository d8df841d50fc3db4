"""
The internal service C{auth} (RFC 1413): whose a connection of this machine is.
"""

from txinetd.internal.ident.options import IdentOptions, parseOptions
from txinetd.internal.ident.service import identFactory

__all__ = ["IdentOptions", "identFactory", "parseOptions"]
