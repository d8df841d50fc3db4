"""
Tests for the direction in which the modules depend on each other.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import txinetd

ROOT = Path(txinetd.__file__).parent

#: The parts, each of which may use those in the rows above it.
LAYERS = [
    {"origin"},
    {"recording"},
    {"policy"},
    {"sockopts"},
    {"spec"},
    {"errors", "overview"},
    {"interfaces"},
    {"logfile"},
    {"names", "record", "notify", "wallclock"},
    {"counters"},
    {"metrics"},
    {"gate"},
    {"barfile", "hosts"},
    {"reload", "internal", "rpc"},
    {"config"},
    {"process", "convert"},
    {"wrap"},
    {"testing"},
    {"sockets"},
    {"handlers"},
    {"surroundings"},
    {"endpoint"},
    {"service"},
    {"consistency", "view"},
    {"server"},
    {"daemon", "recordoptions", "explain"},
    {"tap"},
]


def imports(path: Path) -> set[str]:
    """
    The modules of this project that a module imports, wherever in it.
    """
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                submodule = ROOT.parent.joinpath(*node.module.split("."), f"{alias.name}.py")
                found.add(f"{node.module}.{alias.name}" if submodule.exists() else node.module)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return {name for name in found if name.startswith("txinetd.")}


def modules() -> dict[str, set[str]]:
    """
    Every module of the project with what it imports.
    """
    found = {}
    for path in ROOT.rglob("*.py"):
        words = ("txinetd", *path.relative_to(ROOT).with_suffix("").parts)
        found[".".join(words).removesuffix(".__init__")] = imports(path)
    return found


def part(module: str) -> str:
    """
    The part that a module belongs to.
    """
    return module.split(".")[1]


class DirectionTests(SynchronousTestCase):
    """
    Tests for what imports what.
    """

    def test_everyPartHasAPlace(self) -> None:
        """
        Each part stands in one layer.
        """
        parts = {part(module) for module in modules() if "." in module}
        self.assertEqual(parts, set.union(*LAYERS))

    def test_noArrowRunsBack(self) -> None:
        """
        A part uses only what stands above it.
        """
        height = {name: number for number, layer in enumerate(LAYERS) for name in layer}
        wrong = [
            (module, imported)
            for module, all_ in modules().items()
            for imported in all_
            if "." in module
            and part(module) != part(imported)
            and height[part(imported)] >= height[part(module)]
        ]
        self.assertEqual(wrong, [])

    def test_noCycles(self) -> None:
        """
        No module comes back to itself by way of what it imports.
        """
        graph = modules()
        state: dict[str, int] = {}

        def visit(module: str, path: tuple[str, ...]) -> None:
            if state.get(module) == 1:
                self.fail(" -> ".join((*path, module)))
            if module not in graph or state.get(module) == 2:
                return
            state[module] = 1
            for imported in graph[module]:
                visit(imported, (*path, module))
            state[module] = 2

        for module in graph:
            visit(module, ())

    def test_configurationIsPure(self) -> None:
        """
        Reading a configuration touches no reactor, no process and no socket.
        """
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                "import sys, txinetd.config; "
                "print([m for m in sys.modules if m in ('twisted.internet.reactor',"
                " 'txinetd.sockets', 'txinetd.process')])",
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        self.assertEqual(done.stdout, "[]\n")

    def test_noWebServer(self) -> None:
        """
        Who wants no metrics has no web server in memory.
        """
        path = self.mktemp()
        Path(path).write_text("")
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                "import sys, txinetd.tap; options = txinetd.tap.Options();"
                " options.parseOptions(['-f', sys.argv[1]]);"
                " txinetd.tap.makeService(options);"
                " print('twisted.web.server' in sys.modules)",
                path,
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        self.assertEqual(done.stdout, "False\n")

    def test_noReactorOnImport(self) -> None:
        """
        No module but the command line's names the global reactor, and that one
        not before it is asked for a service.
        """
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                "import sys, pkgutil, importlib, txinetd; "
                "[importlib.import_module(m.name) for m in"
                " pkgutil.walk_packages(txinetd.__path__, 'txinetd.')]; "
                "print('twisted.internet.reactor' in sys.modules)",
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        self.assertEqual(done.stdout, "False\n")

    def test_tags(self) -> None:
        """
        Each module that names its tests names tests that exist.
        """
        wrong = []
        for path in ROOT.rglob("*.py"):
            match = re.match(r"# -\*- test-case-name: (\S+) -\*-\n", path.read_text("utf-8"))
            tests = ROOT.parent.joinpath(*(match[1].split(".") if match else ["tests"]))
            if not tests.with_suffix(".py").exists() and not tests.is_dir():
                wrong.append(path.name)
        self.assertEqual(wrong, [])
