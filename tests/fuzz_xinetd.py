"""
Reads very many broken texts as xinetd.conf(5): C{python -m tests.fuzz_xinetd COUNT SEED}
prints how many were read in which time.  One that raises, or takes longer than a second
of the processor's, is shown and ends it.

The texts are made of the words of the format and, where the files from the wild are at
hand, of those with some bytes, lines and words changed.
"""

from __future__ import annotations

import random
import sys
import time

from twisted.trial.unittest import SkipTest

from tests.corpus_support import corpus
from tests.test_config_xinetd_dialect import check
from tests.xinetd_support import BASE
from txinetd.config.xinetd.attributes import ATTRIBUTES, FLAGS, TYPES
from txinetd.config.xinetd.own import OWN

_WORDS = [
    *ATTRIBUTES,
    *OWN,
    *FLAGS,
    *TYPES,
    *("service", "defaults", "{", "}", "=", "+=", "-=", "#", "yes", "no", "UNLIMITED"),
    *("0", "1", "-1", "022", "99999999999", "1M", "10.0.0.0", "10.1.{1,2}", "::/0", "localhost"),
    *("8:00-9:00", "22:00-6:00", "SYSLOG", "FILE", "/x", "A=1", "1-3", "2.5", "\0", "\udcff"),
]
_SEEDS = [
    f"service ftp\n{{\n{BASE}}}\n",
    f"defaults\n{{\nonly_from = 10.0.0.0\ninstances = 5\n}}\nservice ftp\n{{\n{BASE}}}\n",
]


def mutated(text: str, chance: random.Random) -> str:
    """
    A text with a few changes.
    """
    lines = text.split("\n")
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(lines))
        kind = chance.randrange(6)
        words = lines[place].split(" ")
        if kind == 0:
            del lines[place : place + chance.randint(1, 2)]
            lines = lines or [""]
        elif kind == 1:
            lines.insert(place, lines[chance.randrange(len(lines))])
        elif kind == 2:
            some = [chance.choice(_WORDS) for _ in range(chance.randint(1, 4))]
            lines.insert(
                place, f"{some[0]} {chance.choice(('=', '+=', '-='))} {' '.join(some[1:])}"
            )
        elif kind == 3:
            words[chance.randrange(len(words))] = chance.choice(_WORDS)
            lines[place] = " ".join(words)
        elif kind == 4:
            at = chance.randrange(len(lines[place]) + 1)
            lines[place] = lines[place][:at] + chr(chance.randrange(256)) + lines[place][at:]
        else:
            lines[place] = f"{lines[place]} {chance.choice(_WORDS)}"
    return "\n".join(lines)


def main(count: int, seed: int) -> None:
    """
    Read C{count} texts.
    """
    chance = random.Random(seed)
    texts = list(_SEEDS)
    try:
        found = sorted((corpus() / "xinetd").iterdir())
    except SkipTest:
        found = []
    texts += [path.read_text("utf-8", "surrogateescape") for path in found]
    # Files of this machine are none of a test's business.
    texts = [text.replace("include", "#include") for text in texts]
    began, slowest = time.monotonic(), 0.0
    for number in range(count):
        data = mutated(chance.choice(texts), chance).encode("utf-8", "surrogateescape")
        start = time.process_time()
        try:
            check(data)
        except Exception:
            print(f"number {number}: {data!r}")
            raise
        taken = time.process_time() - start
        slowest = max(slowest, taken)
        if taken > 1:
            raise SystemExit(f"number {number} took {taken:.1f} s: {data!r}")
    seconds = time.monotonic() - began
    print(f"{count} texts, seed {seed}: {seconds:.0f} s, the slowest {slowest * 1000:.0f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
