"""
Files from elsewhere made such that this machine can serve them: their programs become
stubs, their users are there, what they switch off is on, and their lines go to one log.
Both daemons read the result.
"""

from __future__ import annotations

import grp
import ipaddress
import os.path
import pwd
import re
from pathlib import Path

import attrs

__all__ = ["Rewritten", "Sandbox", "rewrite"]

_ATTRIBUTE = re.compile(r"(\s*)([A-Za-z_0-9]+)(\s*)(=|\+=|-=)(\s+)(\S.*?)\s*$")
_DEFAULTS = ("log_type", "log_on_success", "log_on_failure")
_OUTSIDER = "203.0.113.9"


@attrs.frozen
class Sandbox:
    """
    Where a file's daemons and servers have their files.

    @ivar directory: it; servers of any user may write into C{reports}.
    @ivar stub: the program that stands for all.
    """

    directory: Path
    stub: Path

    def make(self) -> None:
        """
        Make what is in it.
        """
        self.directory.chmod(0o755)
        for name, mode in (("bin", 0o755), ("reports", 0o1777), ("empty", 0o755)):
            path = self.directory / name
            path.mkdir()
            path.chmod(mode)
        (self.directory / "nothing").write_text("")
        (self.directory / "banner").write_text("a banner\n")

    @property
    def log(self) -> Path:
        """
        What services are logged to.
        """
        return self.directory / "services.log"

    def program(self, path: str) -> str:
        """
        The stub under the name that a program has.
        """
        place = self.directory / "bin" / (os.path.basename(path) or "server")
        if not place.exists():
            place.write_bytes(self.stub.read_bytes())
            place.chmod(0o755)
        return str(place)


@attrs.define
class Rewritten:
    """
    A file that can be served.

    @ivar text: it.
    @ivar addresses: what this machine has to have as its own.
    @ivar sources: where clients come from.
    """

    text: str
    addresses: set[str] = attrs.field(factory=set)
    sources: list[str] = attrs.field(factory=list)


def rewrite(text: str, sandbox: Sandbox) -> Rewritten:
    """
    Make a file servable.
    """
    made = Rewritten("")
    lines = []
    block = ""
    said: dict[str, set[str]] = {}
    for line in text.splitlines():
        words = line.split()
        if words[:1] in (["service"], ["defaults"]):
            block = " ".join(words[:2]) if words[0] == "service" else "defaults"
            said.setdefault(block, set())
        elif words[:1] == ["includedir"]:
            line = f"includedir {sandbox.directory}/empty"
        elif words[:1] == ["include"]:
            line = f"include {sandbox.directory}/nothing"
        match = _ATTRIBUTE.match(line)
        if match and block and not line.lstrip().startswith("#"):
            said[block].add(match[2].lower())
            line = "".join((*match.groups()[:5], _value(match[2].lower(), match[6], sandbox, made)))
        lines.append(line)
    values = (f"FILE {sandbox.log}", "PID HOST EXIT DURATION", "HOST ATTEMPT")
    missing = [
        f"\t{name} = {value}"
        for name, value in zip(_DEFAULTS, values, strict=True)
        if name not in said.get("defaults", set())
    ]
    if "defaults" in said:
        lines = _into(lines, missing)
    else:
        lines = ["defaults", "{", *missing, "}", *lines]
    made.text = "\n".join(lines) + "\n"
    made.sources[:0] = ["127.0.0.1", "127.0.0.2", "::1", _OUTSIDER]
    made.sources = list(dict.fromkeys(made.sources))[:8]
    made.addresses.update(made.sources)
    return made


def _into(lines: list[str], missing: list[str]) -> list[str]:
    """
    Put attributes into the C{defaults} section.
    """
    start = next(number for number, line in enumerate(lines) if line.split()[:1] == ["defaults"])
    brace = next(
        number for number, line in enumerate(lines) if number >= start and line.strip() == "{"
    )
    return [*lines[: brace + 1], *missing, *lines[brace + 1 :]]


def _value(name: str, value: str, sandbox: Sandbox, made: Rewritten) -> str:
    """
    What an attribute is to have.
    """
    first, *rest = value.split()
    if name == "server" and first.startswith("/"):
        first = sandbox.program(first)
    elif name == "user" and not _exists(pwd.getpwnam, first):
        first = "nobody"
    elif name == "group" and not _exists(grp.getgrnam, first):
        first = "nogroup"
    elif name == "disable" and first.lower() == "yes":
        first = "no"
    elif name == "log_type" and first in ("FILE", "SYSLOG"):
        first, rest = f"FILE {sandbox.log}", []
    elif name in ("banner", "banner_success", "banner_fail") and first.startswith("/"):
        first = str(sandbox.directory / "banner")
    elif name in ("bind", "interface"):
        address = _address(first)
        if address is not None:
            made.addresses.add(address)
    elif name in ("only_from", "no_access"):
        made.sources.extend(filter(None, map(_member, (first, *rest))))
    return " ".join((first, *rest))


def _exists(look: object, name: str) -> bool:
    """
    Whether a user or group is there; any number is.
    """
    if name.isdigit():
        return True
    try:
        look(name)  # type: ignore[operator]
    except KeyError:
        return False
    return True


def _address(text: str) -> str | None:
    """
    An address of no wildcard.
    """
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return None if found.is_unspecified else str(found)


def _member(text: str) -> str | None:
    """
    An address of a network; the last one of those that end with zeros.
    """
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    if network.is_loopback or network.network_address.is_unspecified:
        return None
    return str(network.network_address + (1 if str(network.network_address).endswith(".0") else 0))
