"""Kinds of design rules: what is measured, by the checker and by KLayout's own script.

To add one, ``register`` a ``RuleKind``, and a source of rules of that kind (``rule.add_source``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hwlib.checks.design_rules.checker import Checker
from hwlib.checks.design_rules.rule import Rule
from hwlib.findings import Finding
from hwlib.process import Process
from hwlib.registry import Registry


@dataclass(frozen=True)
class Local:
    """What decides whether there is a violation at a place: shapes near it, and no others.

    Attributes:
        reach: how far from the shapes of the rule's layers all lies that decides, and every mark, in dbu.
        whole: index in ``Rule.layers`` of one whose polygons are judged as they are, however large.
    """

    reach: Callable[[Checker, Rule], int]
    whole: int | None = None


@dataclass(frozen=True)
class RuleKind:
    """One kind of rules.

    Attributes:
        name: ``Rule.kind`` of its rules.
        meaning: in a few words.
        check: violations of a rule in the checker's layout.
        write: lines of KLayout's script that report the same (layer ``m1`` is ``l_m1`` there, see ``ruby``).
        local: what decides; such a kind makes findings of marks alone (``Checker.each`` and ``pairs``). None: more than
            what lies near, so that the whole layout is looked at every time.
    """

    name: str
    meaning: str
    check: Callable[[Checker, Rule], Iterator[Finding]]
    write: Callable[[Rule, Process], str]
    local: Local | None = None


def as_far_as(value: float) -> Local:
    """A rule that sees ``value`` times its limit, a length, and one dbu."""
    return Local(lambda checker, rule: round(value * checker.steps(rule.value)) + 1)


RULE_KINDS: Registry[RuleKind] = Registry("kind of design rules")


def register(kind: RuleKind) -> RuleKind:
    """Add a kind of rules.

    Raises:
        ValueError: its name is taken.
    """
    return RULE_KINDS.add(kind.name, kind)
