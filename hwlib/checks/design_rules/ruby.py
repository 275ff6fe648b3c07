"""Words of KLayout's DRC script, for the kinds of rules that write their own lines of it."""

from __future__ import annotations

import re
from collections.abc import Callable

from hwlib.checks.design_rules.rule import Rule
from hwlib.errors import harmless
from hwlib.process import Process


def quoted(text: str) -> str:
    """A Ruby string in which nothing is replaced or executed."""
    return '"' + re.sub(r'(["#\\])', r"\\\1", harmless(text)) + '"'


def output(rule: Rule, part: str = "") -> str:
    """The call that reports what stands before it as violations of a rule, or of a part of it."""
    return f".output({quoted(rule.name + part)}, {quoted(rule.text)})"


def micrometres(value: float) -> str:
    """A length in m as the script writes it."""
    return f"{value * 1e6:.9g}.um" if value else "0.0.um"


def on_layer(call: str) -> Callable[[Rule, Process], str]:
    """Writer of a rule that is one call on its layer; ``{value}`` in it is the rule's."""
    return lambda rule, _: f"l_{rule.layers[0]}.{call.format(value=micrometres(rule.value))}{output(rule)}"
