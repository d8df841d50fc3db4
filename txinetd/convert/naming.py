# -*- test-case-name: tests.test_convert_units -*-
"""
What units are called.  All begin alike, so that none takes the place of a unit that a
package has brought, such as C{rsync.service}.
"""

from __future__ import annotations

import itertools
import os.path
import re
from collections.abc import Iterable, Iterator

from txinetd.spec import ServiceSpec, UnixAddress

__all__ = ["PREFIX", "unitNames"]

PREFIX = "inetd-"

_STRANGE = re.compile(r"[^A-Za-z0-9_.]+")

#: Of at most 255 characters in a unit's name, with room for a number and a suffix.
_LONGEST = 100


def unitNames(specs: Iterable[ServiceSpec]) -> Iterator[tuple[str, ServiceSpec]]:
    """
    A name for each service, all different: the service's own, with its protocol where
    another one has that, with a number where that is taken, too.
    """
    taken: set[str] = set()
    for spec in specs:
        plain = PREFIX + _own(spec)
        longer = f"{plain}-{spec.protocol}"
        numbered = (f"{longer}-{number}" for number in itertools.count(2))
        for name in itertools.chain((plain, longer), numbered):
            # A service with several sockets may have numbered units, too.
            names = {name, *(f"{name}-{each}" for each in range(2, len(spec.addresses) + 1))}
            if not names & taken:
                taken |= names
                yield name, spec
                break


def _own(spec: ServiceSpec) -> str:
    """
    What a service's name leaves of it.
    """
    name = spec.name
    if isinstance(spec.addresses[0] if spec.addresses else None, UnixAddress):
        name = os.path.basename(name)
    return _STRANGE.sub("-", name).strip("-.")[:_LONGEST] or "service"
