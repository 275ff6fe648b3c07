"""Where along N something begins to fail: a ladder of sizes first, then halving between two of its rungs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from spinhop.atlas.atlas_points import Found
from spinhop.atlas.sized_design import SMALLEST
from spinhop.verdicts.verdict import FAILS, UNDETERMINED, WORKS

_RELIABILITY = ("current.", "power.", "barrier.")  # rules on what wears out, not on what the network does


def rungs(largest: int) -> list[int]:
    """Sizes to look at first: 4, 6, 8, 12, 16, 24 … and the largest."""
    sizes, n = [], SMALLEST
    while n < largest:
        sizes += [n, n * 3 // 2]
        n *= 2
    return [size for size in sizes if size < largest] + [largest]


def fails(found: Found, rule: str) -> bool:
    """Whether a rule does not hold; one that was not judged holds."""
    return bool(found["margins"].get(rule, 0.0) < -1e-9)


def bracket(sizes: Mapping[int, bool]) -> tuple[int, int | None]:
    """Largest size below the first failure (0: none), and that failure (None: none), among sizes that were tried."""
    first = min((n for n, failed in sizes.items() if failed), default=None)
    return max((n for n in sizes if first is None or n < first), default=0), first


class RuleEdges:
    """What is known of one curve's rules, and which sizes to look at next.

    Args:
        known: what was found, by N.
        largest: N to look up to.
    """

    def __init__(self, known: Mapping[int, Found], largest: int):
        self._known = {n: found for n, found in known.items() if n <= largest}
        self._rungs = rungs(largest)

    @property
    def rules(self) -> list[str]:
        """All rules that were judged."""
        return sorted({rule for found in self._known.values() for rule in found["margins"]})

    def edge(self, rule: str) -> tuple[int, int | None]:
        """As ``bracket``, of one rule."""
        return bracket({n: fails(found, rule) for n, found in self._known.items()})

    def wanted(self) -> set[int]:
        """Sizes to look at next; none: every rule's first failure is known."""
        missing = {n for n in self._rungs if n not in self._known}
        return missing or {
            (low + high) // 2
            for low, high in map(self.edge, self.rules)
            if high is not None and low >= SMALLEST and high - low > 1
        }

    def remaining(self) -> int:
        """About how many sizes are still to be looked at."""
        gaps = {(low, high) for low, high in map(self.edge, self.rules) if high and low >= SMALLEST and high - low > 1}
        missing = sum(n not in self._known for n in self._rungs)
        return missing + sum(math.ceil(math.log2(high - low)) for low, high in gaps)

    def works_below(self) -> tuple[int | None, str]:
        """First N at which a rule on what the network does is broken as an error, and that rule; None: no N."""
        return self._first(lambda rule: not rule.startswith(_RELIABILITY))

    def wears_from(self) -> tuple[int | None, str]:
        """First N at which a rule on currents, power or the barrier is broken, and that rule; None: no N."""
        return self._first(lambda rule: rule.startswith(_RELIABILITY))

    def _first(self, mine: Callable[[str], bool]) -> tuple[int | None, str]:
        errors = {rule for found in self._known.values() for rule in found["errors"]}
        edges = [(high, rule) for rule in errors if mine(rule) and (high := self.edge(rule)[1]) is not None]
        return min(edges, default=(None, ""))

    def around(self) -> set[int]:
        """The two sizes on both sides of the first failure of what the network does; none: it has no such."""
        first = self.works_below()[0]
        return set() if first is None else {n for n in (first - 1, first) if n in self._known}

    def closes_at(self) -> int | None:
        """N at which the V_DW window is foretold to close, by the cells of the largest network before that."""
        low = self.edge("vdw.window")[0] or min(self._known)
        found = self._known[low]["closes_at"]
        return None if found is None else int(found)


class SimulatedEdge:
    """What was simulated around one curve's edge, and which size to look at next.

    Sizes whose outcome hangs on rounding are neither those that work nor those that fail.

    Args:
        verdicts: words of ``spinhop.verdicts``, by N.

    Attributes:
        works: largest size below the first failure that works; None: no such.
        fails: smallest size that does not work; None: no such.
        undetermined: sizes between the two whose outcome hangs on rounding.
    """

    def __init__(self, verdicts: Mapping[int, str]):
        self._sizes = sorted(verdicts)
        self.fails = min((n for n, word in verdicts.items() if word == FAILS), default=None)
        below = {n: word for n, word in verdicts.items() if self.fails is None or n < self.fails}
        self.works = max((n for n, word in below.items() if word == WORKS), default=None)
        self.undetermined = sorted(n for n, word in below.items() if word == UNDETERMINED and n > (self.works or 0))

    def next(self, foretold: int | None, largest: int) -> int | None:
        """The next size to simulate, None when neighbours on every side of the edge differ by 1 or by 4 %.

        Args:
            foretold: first N at which a rule says no; None: none up to the largest.
            largest: N to look up to.
        """
        if not self._sizes:
            return min(max((foretold or largest + 1) - 1, SMALLEST), largest)
        lowest, highest = self._sizes[0], self._sizes[-1]
        if self.fails is None and highest < largest:
            return min(largest, max(highest + 1, math.ceil(highest * 1.25)))
        if self.works is None and lowest > SMALLEST:
            return max(SMALLEST, math.floor(lowest / 1.25))
        unsure = self.undetermined  # as one part of the edge: what lies between its ends is not looked at
        gaps = ((self.works, unsure[0]), (unsure[-1], self.fails)) if unsure else ((self.works, self.fails),)
        for low, high in gaps:
            if low is not None and high is not None and high - low > max(1, low // 25):
                return (low + high) // 2
        return None
