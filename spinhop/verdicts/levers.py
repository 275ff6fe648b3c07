"""What to change in a design so that a rule holds: the lever of each rule, for verdicts, pages and the docs."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import NamedTuple

SLOWER = "slower devices (`device.resistance_area` and `device.track_resistance` up, both leaks down, by one factor)"
LESS = "a smaller `operating_point.weight`, `v_charge` or `v_dw`, whichever drives it"

TRAIN = "`spinhop train`, with `weight_style: lines`"


class Lever(NamedTuple):
    """What holds a rule.

    Attributes:
        rule: its name, or a pattern of several rules' names.
        title: what it is about.
        change: what helps: which fields of the design to change, and how.
    """

    rule: str
    title: str
    change: str


LEVERS = (
    Lever("vdw.window", "V_DW window", "`operating_point.v_dw: auto`, the window's centre; a closed window opens with "
          "wider `network.drive_width` and `ground_width`, `soma_placement: centred`, or " + SLOWER),
    Lever("vdw.eq4", "V_DW of eq. (4)", "`operating_point.v_dw: auto` (the default), the centre of the window; "
          "eq. (4) then sets nothing"),
    Lever("leak.axon_sign", "sign of the axon leak", "a negative `operating_point.axon_leak`: toward OFF"),
    Lever("leak.axon_size", "size of the axon leak", "an `operating_point.axon_leak` nearer the middle of the two "
          "currents that the rule compares it with"),
    Lever("leak.axon_time", "slowest axon", "a larger `task.time_limit`, or an `operating_point.axon_leak` nearer the "
          "middle of its two currents"),
    Lever("leak.soma", "soma leak", "a smaller `operating_point.soma_leak`"),
    Lever("leak.time", "soma at rest by its leak alone", "a larger `task.time_limit` or `operating_point.soma_leak`"),
    Lever("leak.load*", "loading", "a larger `operating_point.v_charge`, `rails_while_loading: grounded`, or a wider "
          "`network.dendrite_width`"),
    Lever("load.time", "length of the load phase", "`operating_point.load: rest`, or a longer load"),
    Lever("drive.pattern", "stored patterns at rest", "fewer patterns, patterns that are less alike, or weights learnt "
          "on these wires (" + TRAIN + ")"),
    Lever("drive.release", "what wires do to all somas alike", "a wider `network.ground_width` or straps of grounds, "
          "trunks no wider than `ir.weight` asks for (the outer rail's rows cross the inner rail's trunk), voltages of "
          "the rails that make up for the wires (`spinhop compensate`), or a larger `operating_point.weight`"),
    Lever("drive.path", "way to the ideal outcome", "where the V_DW window is narrow a wider `network.drive_width` or "
          "`soma_placement: centred`, else a wider `network.weight_width`; voltages that make up for the wires "
          "(`spinhop compensate`), or " + SLOWER),
    Lever("state.inverse", "patterns in both forms", "weights learnt on these wires (" + TRAIN + "), or "
          "fewer patterns"),
    Lever("state.all_off", "all walls OFF", "an `operating_point.soma_leak` of the sign that frees them"),
    Lever("barrier.load_any", "barrier while the worst start loads", "a smaller `operating_point.v_charge`"),
    Lever("barrier.voltage", "barrier voltage", LESS + ", or barriers of a larger `device.breakdown_voltage`"),
    Lever("current.track", "current of a track", "a smaller `operating_point.weight` or `v_charge`, or " + SLOWER),
    Lever("current.load_any", "currents while the worst start loads", "a smaller `operating_point.v_charge`, or wider "
          "wires on the layer that is named"),
    Lever("current.m1", "current of metal 1 at the devices", LESS + ", more vias of the devices, which widen it "
          "(`network.tile_vias: {size: currents}`), or " + SLOWER),
    Lever("current.read", "current of read electrodes", LESS + ", or " + SLOWER),
    Lever("current.v*", "current of vias", "more of them (`network.tile_vias: {size: currents}`; of trunks "
          "`trunks: {size: currents}`), " + LESS + ", or " + SLOWER),
    Lever("current.*", "current of a layer", "wider wires on this layer (`network.dendrite_width`, `drive_width`, "
          "`ground_width`, `weight_width`, `vdw_width`, `straps`; of trunks `trunks: {size: currents}`), or " + SLOWER),
    Lever("ir.dendrite", "voltage lost on dendrites", "a wider `network.dendrite_width`, straps, or " + SLOWER),
    Lever("ir.drive", "voltage lost on axon drives", "a wider `network.drive_width`, straps, or " + SLOWER),
    Lever("ir.ground", "voltage lost on ground", "a wider `network.ground_width`, straps, or " + SLOWER),
    Lever("ir.weight", "voltage lost on weight wires", "a wider `network.weight_width`, straps, or " + SLOWER),
    Lever("ir.vdw", "voltage lost on V_DW", "a wider `network.vdw_width`, straps, or " + SLOWER),
    Lever("rc.time", "settling of the wires", "shorter or narrower wires (less capacitance), or " + SLOWER),
    Lever("power.density", "heat", SLOWER),
    Lever("thermal.hold", "axons held by their leak at a temperature", "a more negative `operating_point.axon_leak`, a "
          "lower `operating_point.temperature`, or a longer `device.track_length` (more way to the pillar)"),
    Lever("thermal.drive", "walls held by their drives at a temperature", "a larger `operating_point.weight`, a lower "
          "`operating_point.temperature`, or a longer `device.track_length` (more way to the pillar)"),
    Lever("thermal.pinning", "walls moved off their pinning", "a larger `operating_point.weight` or "
          "`task.time_limit`, or less pinning in `device.dynamics`"),
    Lever("task.maxcut", "max-cut that falls short", "restarts from random loads and another mapping (`task.restarts`, "
          "`task.mapping: zero_sum`; `spinhop maxcut --restarts 100 --mapping zero_sum`)"),
    Lever("task.images", "pictures that do not come back", "fewer pictures, pictures that are less alike or half of "
          "whose pixels are ON, or a smaller `task.distortion`"),
    Lever("task.temperature", "task at a temperature", "a lower `operating_point.temperature`, a larger "
          "`operating_point.weight`, or devices made for it (a longer `device.track_length`)"),
    Lever("lvs.*", "layout against netlist", "a look at this place of the drawing: `lvs.lvsdb` opens over it in "
          "KLayout's netlist browser, `lvs.lyrdb` in its marker browser"),
    Lever("", "rules from outside", "what the rule's formula compares; `erc_drawn_table.json` and "
          "`erc_ideal_table.json` have it, with its source"),
    Lever("*", "design rules", "a look at this place of the drawing: `drc.lyrdb` opens over it in KLayout's marker "
          "browser"),
)  # fmt: skip


_OUTSIDE = next(lever for lever in LEVERS if not lever.rule)
_IN_WORDS = {"": "an operating-point rule that was registered from outside", "*": "every design rule of the process"}


def lever_of(rule: str) -> Lever:
    """The lever of a rule; the first whose pattern its name fits."""
    lever = _by_pattern(rule)
    if lever is LEVERS[-1]:
        from sim.rules import ADDED  # heavy, and asked of design rules alone

        return _OUTSIDE if rule in ADDED else lever
    return lever


@lru_cache(maxsize=1024)  # of ten thousand findings, asked of each
def _by_pattern(rule: str) -> Lever:
    return next((lever for lever in LEVERS if fnmatchcase(rule, lever.rule)), LEVERS[-1])


def anchor(lever: Lever) -> str:
    """Name of a lever's section, on pages and in the docs."""
    return "lever-" + re.sub(r"[^a-z0-9]+", "-", lever.title.lower()).strip("-")


def levers_page() -> str:
    """The docs page on what to change, as Markdown."""
    lines = [
        "# What to change when a rule is broken", "",
        "Made by `make docs` from `spinhop/verdicts/levers.py`; do not edit. Reports and commands name the rule "
        "that decides and what helps. What each rule compares: "
        "[Checks](checks.md); the fields: [File formats](file-formats.md).",
        "`spinhop optimize` searches the fields for you.",
    ]  # fmt: skip
    for lever in LEVERS:
        rule = _IN_WORDS.get(lever.rule, f"`{lever.rule}`")
        rule += ", no rule but a task that ideal wires fail" if lever.rule.startswith("task.") else ""
        lines += ["", f'<a id="{anchor(lever)}"></a>', "", f"## {lever.title}", "", f"{rule}: {lever.change}."]
    return "\n".join(lines) + "\n"
