"""
Registration of services with rpcbind(8).
"""

from txinetd.rpc.registrar import Registrar
from txinetd.rpc.registration import Registration, registrations

__all__ = ["Registrar", "Registration", "registrations"]
