# -*- test-case-name: tests.test_config_xinetd_dialect -*-
"""
The format of xinetd.conf(5): a file, and those that it names, to services.

C{defaults} holds for all services of the file and of those that it names, wherever it
stands.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs
from zope.interface import implementer

from txinetd.config.interfaces import IDialect, ParsedFile
from txinetd.config.lexer import Token, decoded
from txinetd.config.reporter import Reporter
from txinetd.config.settings.setting import Setting
from txinetd.config.values import LoadOptions
from txinetd.config.xinetd.attribute import Scope
from txinetd.config.xinetd.attributes import ATTRIBUTES
from txinetd.config.xinetd.blocks import Block, Include, blocks
from txinetd.config.xinetd.build import build
from txinetd.config.xinetd.includes import Includes
from txinetd.config.xinetd.merging import merged
from txinetd.config.xinetd.notyet import NOT_DONE, NotDone
from txinetd.config.xinetd.own import OWN
from txinetd.config.xinetd.sections import Broken, Section, read
from txinetd.errors import Diagnostic
from txinetd.interfaces import INames
from txinetd.spec import ServiceSpec

__all__ = ["XinetdDialect"]

#: So much is said about one file and those that it names.
_MOST_DIAGNOSTICS = 10_000


@implementer(IDialect)
@attrs.frozen
class XinetdDialect:
    """
    L{IDialect} for xinetd.conf(5).

    @ivar notDone: what services may ask for and do not get.
    @ivar own: the settings that xinetd does not have.
    """

    notDone: Mapping[str, NotDone] = NOT_DONE
    own: Mapping[str, Setting] = OWN

    def parse(self, path: str, data: bytes, names: INames, options: LoadOptions) -> ParsedFile:
        """
        See L{IDialect.parse}.
        """
        reading = _Reading(self, names, options)
        reading.includes.begin(path)
        reading.file(path, data, 0)
        reading.services()
        return reading.result()


@attrs.define
class _Reading:
    """
    A file being read, and those that it names.

    @ivar found: the services that were found, each with its file.
    @ivar defaults: the C{defaults} that count.
    @ivar first: where they are.
    @ivar full: whether so much has been said that the rest is not read.
    """

    dialect: XinetdDialect
    names: INames
    options: LoadOptions
    includes: Includes = attrs.field(factory=Includes)
    diagnostics: list[Diagnostic] = attrs.field(factory=list)
    found: list[tuple[str, Block]] = attrs.field(factory=list)
    defaults: Section = attrs.field(factory=Section)
    first: str = ""
    specs: list[ServiceSpec] = attrs.field(factory=list)
    full: bool = False

    def result(self) -> ParsedFile:
        """
        What was read.
        """
        return ParsedFile(
            services=tuple(self.specs),
            diagnostics=tuple(self.diagnostics),
            files=tuple(self.includes.read),
            unreadable=tuple(self.includes.unreadable),
        )

    def file(self, path: str, data: bytes, depth: int) -> None:
        """
        Read one file.
        """
        for entry in blocks(decoded(data)):
            if len(self.diagnostics) >= _MOST_DIAGNOSTICS:
                self._tooMany(path)
                return
            if isinstance(entry, Block):
                if entry.name is None:
                    self._defaults(path, entry)
                else:
                    self.found.append((path, entry))
                continue
            if isinstance(entry, Include):
                reporter = Reporter(path, entry.keyword.text)
                for target, contents in self.includes.find(entry, path, depth, reporter):
                    self.diagnostics.extend(reporter.diagnostics)
                    reporter.diagnostics.clear()
                    self.file(target, contents, depth + 1)
                self.diagnostics.extend(reporter.diagnostics)
                continue
            fault = entry.fault
            reporter = Reporter(path, fault.token.text)
            reporter.drop(fault.code, fault.token, fault.found, fault.expected, fault.hint)
            self.diagnostics.extend(reporter.diagnostics)

    def _tooMany(self, path: str) -> None:
        """
        Say, once, that the rest is not read.
        """
        if not self.full:
            self.full = True
            reporter = Reporter(path, "")
            hint = "nothing after this is read"
            found = f"more than {_MOST_DIAGNOSTICS} problems"
            last = self.diagnostics[-1].origin
            token = Token("", last.line, last.column)
            reporter.defect("too-many-problems", token, found, "an xinetd.conf", hint)
            self.diagnostics.extend(reporter.diagnostics)

    def _scope(self, reporter: Reporter) -> Scope:
        """
        What it takes to understand a block.
        """
        return Scope(self.names, self.options, reporter)

    def _defaults(self, path: str, block: Block) -> None:
        """
        Take a C{defaults} section.  Only the first counts, but where a second one
        guards services by something that the first does not have, they are not served.
        """
        reporter = Reporter(path, block.keyword.text)
        section = read(block, self._scope(reporter), self.dialect.own)
        if self.first:
            found, expected = "a second defaults section", "one"
            hint = (
                f"the one at {self.first} counts; what guards services in this one only is broken"
            )
            reporter.defect("second-defaults", block.keyword, found, expected, hint)
            self._second(section, reporter)
        else:
            self.first = str(reporter.origin(block.keyword))
            self.defaults = section
        # No service is lost by what is wrong here alone.
        self.diagnostics.extend(attrs.evolve(each, dropped=False) for each in reporter.diagnostics)

    def _second(self, section: Section, reporter: Reporter) -> None:
        """
        Take what guards services in a C{defaults} section that does not count.
        """
        for row in ATTRIBUTES.values():
            given = section.values.get(row.field)
            if given is not None and row.guards and row.field not in self.defaults.values:
                broken = Broken(row.name, reporter.origin(given.token))
                self.defaults.broken.setdefault(row.field, broken)
        for key, changes in section.own.items():
            if key not in self.defaults.own:
                broken = Broken(key, reporter.origin(changes[0].token))
                self.defaults.broken.setdefault(key, broken)
        for field, broken in section.broken.items():
            self.defaults.broken.setdefault(field, broken)

    def services(self) -> None:
        """
        Make specs of the services.
        """
        for path, block in self.found:
            if len(self.diagnostics) >= _MOST_DIAGNOSTICS:
                self._tooMany(path)
                return
            assert block.name is not None
            reporter = Reporter(path, _id(block, block.name))
            if self._wanted(block, block.name, reporter):
                spec = self._service(block, block.name, reporter)
                if spec is not None:
                    self.specs.append(spec)
            self.diagnostics.extend(_settled(reporter.diagnostics))

    def _wanted(self, block: Block, name: Token, reporter: Reporter) -> bool:
        """
        Whether a service is to be served.  Of one that is not, little is said, and it
        is not taken for one that went bad: a reload ends it.
        """
        reason = ""
        for setting in block.settings:
            said = [each.text.lower() for each in setting.words[:1]]
            if setting.name == "disable" and said == ["yes"]:
                reason, name = "disable = yes", setting.attribute
        enabled, disabled = (
            None if given is None else given.value
            for given in map(self.defaults.values.get, ("enabled", "disabled"))
        )
        if disabled is not None and reporter.label in disabled:
            reason = reason or "disabled in defaults"
        elif enabled is not None and reporter.label not in enabled:
            reason = reason or "not enabled in defaults"
        if not reason:
            return True
        for fault in block.faults:
            reporter.defect(fault.code, fault.token, fault.found, fault.expected, fault.hint)
        hint = "the service is switched off"
        reporter.note("disabled", name, reason, "a service that is wanted", hint)
        return False

    def _service(self, block: Block, name: Token, reporter: Reporter) -> ServiceSpec | None:
        """
        Make one spec.
        """
        scope = self._scope(reporter)
        own = read(block, scope, self.dialect.own)
        if reporter.dropped and not block.settings:
            # There is nothing to judge.
            return None
        draft = merged(own, self.defaults, reporter, name)
        return build(draft, name, scope, self.dialect.notDone)


def _id(block: Block, name: Token) -> str:
    """
    What a service is known by, also where the rest of it cannot be read.
    """
    for setting in block.settings:
        if setting.name == "id" and setting.words:
            return setting.words[0].text
    return name.text


def _settled(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    """
    Let only the first that drops a service say so: a reload counts them.
    """
    dropped = False
    settled = []
    for each in diagnostics:
        settled.append(attrs.evolve(each, dropped=each.dropped and not dropped))
        dropped = dropped or each.dropped
    return settled
