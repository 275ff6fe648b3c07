"""The statements that Spectre's and Xyce's netlists may have, as far as decks need them; anything else is an error.

Written from what is known of these languages, with neither the simulators nor their manuals at hand.
"""

from __future__ import annotations

import re
from pathlib import Path

NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
NAME = r"[A-Za-z]\w*"
XPR = rf"(?:{NUMBER}\*)?(?:{NAME}|{NUMBER})"

_SPECTRE_NODE = rf"(?:{NAME}|0)"
_NODES = rf"\({_SPECTRE_NODE}(?: {_SPECTRE_NODE})*\)"
_VALUE = rf"(?:{XPR})"
_GIVEN = rf"(?: {NAME}={_VALUE})*"
SPECTRE = {
    "comment": r"//[\x20-\x7e]*",
    "language": r"simulator lang=spectre",
    "global": r"global 0",
    "include": r'(?:ahdl_)?include "[\w.+-]+"',
    "parameters": rf"parameters(?: {NAME}={NUMBER})+",
    "subckt": rf"subckt {NAME} \({NAME}(?: {NAME})*\)",
    "ends": rf"ends {NAME}",
    "instance": rf"{NAME} {_NODES} {NAME}{_GIVEN}",
    "source": rf"{NAME} {_NODES} vsource type=pwl "
    rf"wave=\[0 \({XPR}\) \(t_load\) \({XPR}\) \(t_load\+1e-13\) \({XPR}\)\]",
    "ic": rf"ic {NAME}(?:\.{NAME})?={NUMBER}",
    "options": rf"{NAME} options{_GIVEN}",
    "tran": rf"{NAME} tran stop={XPR} maxstep={XPR} method=gear2only",
    "save": rf"save {NAME}(?:\.{NAME})?",
}
SPECTRE_MASTERS = {"resistor": {"r"}, "vsource": {"dc", "type", "wave"}}

_BRACED = rf"(?:{NUMBER}|\{{[^{{}}]+\}})"
_V = rf"v\({NAME}(?::{NAME})?\)"
XYCE = {
    "comment": r"\*[\x20-\x7e]*",
    "include": r"\.include [\w.+-]+",
    "param": rf"\.param(?: {NAME}={NUMBER})+",
    "model": rf"\.model {NAME} vswitch \(ron={NUMBER} roff={NUMBER} von={NUMBER} voff={NUMBER}\)",
    "subckt": rf"\.subckt {NAME}(?: {NAME})+(?: PARAMS:(?: {NAME}={NUMBER})+)?",
    "ends": rf"\.ends {NAME}",
    "resistor": rf"R\w+ {NAME} (?:{NAME}|0) {_BRACED}",
    "capacitor": rf"C\w+ {NAME} (?:{NAME}|0) {_BRACED}",
    "current": rf"B\w+ (?:{NAME}|0) {NAME} I = \{{[^{{}}]+\}}",
    "source": rf"V\w+ {NAME} 0 (?:{_BRACED}|PWL\(0 {_BRACED} \{{t_load\}} {_BRACED} \{{t_load\+1e-13\}} {_BRACED}\))",
    "switch": rf"S\w+ {NAME} {NAME} (?:loading|released) 0 {NAME}",
    "call": rf"X\w+(?: {NAME})+(?: PARAMS:(?: {NAME}={NUMBER})+)?",
    "ic": rf"\.ic(?: {_V}={NUMBER})+",
    "options": rf"\.options (?:timeint|nonlin-tran)(?: {NAME}=(?:{NUMBER}|{NAME}))+",
    "tran": rf"\.tran {_BRACED} {_BRACED} 0 {_BRACED}",
    "print": rf"\.print tran format=csv(?: {_V})+",
    "measure": rf"\.meas tran {NAME} when {_V}={NUMBER} (?:cross|fall)=last",
    "end": r"\.end",
}
XYCE_FUNCTIONS = {"v", "min", "max", "stp"}


class DeckGrammarError(ValueError):
    """A line that the grammar does not allow."""


def spectre(*paths: Path) -> list[tuple[str, str]]:
    """Kind and text of every statement of a deck's files.

    Raises:
        DeckGrammarError: a statement of no kind, a master nobody defines, or a parameter that it does not have.
    """
    found, masters = [], {name: set(known) for name, known in SPECTRE_MASTERS.items()}
    for path in paths:
        if path.suffix == ".va":
            text = path.read_text(encoding="ascii")
            masters[re.search(r"module (\w+)\(", text)[1]] = set(re.findall(r"parameter real (\w+)", text))
            continue
        lines = path.read_text(encoding="ascii").splitlines()
        if "simulator lang=spectre" not in lines[:2]:
            raise DeckGrammarError(f"{path.name}: the language is not said first")
        found += _statements(path, lines, SPECTRE)
    masters |= {text.split()[1]: set() for kind, text in found if kind == "subckt"}
    for kind, text in found:
        if kind in ("instance", "source"):
            master, *given = text.split(") ", 1)[1].split(" ")
            if master not in masters:
                raise DeckGrammarError(f"{text}: no master {master}")
            for each in given:
                if "=" in each and each.split("=")[0] not in masters[master]:
                    raise DeckGrammarError(f"{text}: {master} has no {each}")
    return found


def xyce(*paths: Path) -> list[tuple[str, str]]:
    """Kind and text of every statement of a deck's files, the bench first.

    Raises:
        DeckGrammarError: a statement of no kind, braces in an expression, or a function that Xyce does not have.
    """
    found = []
    for path in paths:
        lines: list[str] = []
        for line in path.read_text(encoding="ascii").splitlines():
            if line.startswith("+ "):
                lines[-1] += line[1:]
            else:
                lines.append(line)
        found += _statements(path, lines, XYCE)
    for kind, text in found:
        for function in re.findall(r"([a-zA-Z]\w*)\(", text.split(" I = ")[-1]) if kind == "current" else ():
            if function.lower() not in XYCE_FUNCTIONS:
                raise DeckGrammarError(f"{text}: no function {function}")
    if [kind for kind, _ in found].count("end") != 1:
        raise DeckGrammarError("one .end expected")
    return found


def _statements(path: Path, lines: list[str], grammar: dict[str, str]) -> list[tuple[str, str]]:
    found = []
    for number, line in enumerate((line.strip() for line in lines), start=1):
        kind = next((kind for kind, form in grammar.items() if re.fullmatch(form, line)), None)
        if kind is None:
            raise DeckGrammarError(f"{path.name}:{number}: {line[:120]}")
        found.append((kind, line))
    return found
