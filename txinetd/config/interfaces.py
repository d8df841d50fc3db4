# -*- test-case-name: tests.test_config_loader -*-
"""
The seam between the loader and the formats of files.
"""

from __future__ import annotations

import attrs
from zope.interface import Interface

from txinetd.config.values import LoadOptions
from txinetd.errors import Diagnostic
from txinetd.interfaces import INames
from txinetd.spec import ServiceSpec

__all__ = ["IDialect", "ParsedFile"]


@attrs.frozen
class ParsedFile:
    """
    What one file says.

    @ivar services: in order; services of one file may still want the same
        address.
    @ivar diagnostics: what there is to say.
    @ivar understood: C{False} where the file is in another format, so that
        nothing can be told about the services it describes.
    @ivar files: the files that were read because it includes them, in order.
    @ivar unreadable: files, directories and patterns that it names and of which nothing
        is known.
    """

    services: tuple[ServiceSpec, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    understood: bool = True
    files: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()


class IDialect(Interface):
    """
    A format of configuration files.
    """

    def parse(path: str, data: bytes, names: INames, options: LoadOptions) -> ParsedFile:
        """
        Read one file.  This never raises for anything that C{data} holds.

        @param path: the file's name, for messages.
        @param data: its contents.  Files that it includes are read too.
        """
