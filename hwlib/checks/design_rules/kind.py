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
class RuleKind:
    """One kind of rules.

    Attributes:
        name: ``Rule.kind`` of its rules.
        meaning: in a few words.
        check: violations of a rule in the checker's layout.
        write: lines of KLayout's script that report the same (layer ``m1`` is ``l_m1`` there, see ``ruby``).
    """

    name: str
    meaning: str
    check: Callable[[Checker, Rule], Iterator[Finding]]
    write: Callable[[Rule, Process], str]


RULE_KINDS: Registry[RuleKind] = Registry("kind of design rules")


def register(kind: RuleKind) -> RuleKind:
    """Add a kind of rules.

    Raises:
        ValueError: its name is taken.
    """
    return RULE_KINDS.add(kind.name, kind)
