"""Classes of nets: what a net is called, and which source holds it in each phase of a trial.

One object is one class. To add one, make a ``NetClass`` and ``register`` it: extraction, layout versus schematic, the
engines, rules, decks and tables ask the object. Neurons count from 0: ``dend_3`` is the dendrite of neuron 3,
``drive_3`` its axon drive, then ``gnd`` and ``vdw``; weights are ``w_5_3`` (line of the synapse from neuron 3 onto
neuron 5) or a rail at a multiple of W: ``w_p1``, ``w_m1p05`` (−1.05 W), ``w_0``; ``w_p1_b2`` is the one of
row block 2.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Literal, NamedTuple, Protocol

import numpy as np

from hwlib.errors import InputError, shown
from hwlib.registry import Registry


class OperatingVoltages(Protocol):
    """What sources are set from: the fields of ``sim.Protocol`` that they use."""

    @property
    def v_dw(self) -> float:
        """V_DW in V."""

    @property
    def v_charge(self) -> float:
        """V_C in V."""

    @property
    def weight(self) -> float:
        """W in V."""

    @property
    def levels(self) -> np.ndarray | None:
        """Weights as multiples of W, shape (N, N), rows postsynaptic; None: what rails are programmed to."""

    @property
    def start(self) -> np.ndarray | None:
        """Bits to load, shape (N,)."""

    @property
    def rails_while_loading(self) -> Literal["floating", "grounded"]:
        """Weight sources in the load phase: open, or at 0 V."""


class Net(NamedTuple):
    """One net: its class and what it belongs to."""

    net_class: NetClass
    neuron: int = -1  # dendrite and drive; for a line the postsynaptic neuron
    pre: int = -1  # presynaptic neuron of a line
    level: float = 0.0  # multiple of W of a rail
    block: int = -1  # of rows that a rail is for; −1: all of them


@dataclass(frozen=True)
class Source:
    """What holds a net: a multiple of one of the operating point's voltages.

    Attributes:
        voltage: ``v_dw``, ``v_charge`` or ``weight``; None: 0 V.
        factor: the multiple for a net; None where the source is open.
    """

    voltage: Literal["v_dw", "v_charge", "weight"] | None
    factor: Callable[[Net, OperatingVoltages], float | None] = lambda net, point: 1.0

    def volts(self, net: Net, point: OperatingVoltages) -> float:
        """Voltage of a net's source in V, NaN where it is open."""
        factor = self.factor(net, point)
        if factor is None:
            return math.nan
        return 0.0 if self.voltage is None else float(factor * getattr(point, self.voltage))


@dataclass(frozen=True, eq=False)
class NetClass:
    """A class of nets.

    Attributes:
        name: of the class.
        form: of its nets' names, with ``{neuron}``, ``{pre}``, ``{level}`` and ``{block}`` where these stand.
        words: what a net is called in a sentence, of the same form.
        title: of the class in tables.
        one_piece: only its wire joins it; other nets' pins are held together by a source outside.
        meter: which delivered energy its source counts to (``sim.result.SOURCES``); None: it delivers none.
        loading, converging: its source in either phase; None: open. In the load phase it knows of no bit of the start
            but its own neuron's.
    """

    name: str
    form: str
    words: str
    title: str
    one_piece: bool = False
    meter: Literal["weight", "vdw", "load"] | None = None
    loading: Source | None = field(default=None, repr=False)
    converging: Source | None = field(default=None, repr=False)

    @property
    def always_held(self) -> bool:
        """Whether one source holds its nets in both phases."""
        return self.loading is not None and self.loading is self.converging

    @property
    def is_weight(self) -> bool:
        """Whether a weight's source holds its nets in the convergence phase."""
        return self.converging is not None and self.converging.voltage == "weight"

    def net_name(self, neuron: int = -1, pre: int = -1, level: float = 0.0, block: int = -1) -> str:
        """Name of one of its nets, as labelled on the layout and written to netlists."""
        return self.form.format(neuron=neuron, pre=pre, level=_level_code(level), block=f"_b{block}" * (block >= 0))

    def read(self, name: str) -> Net | None:
        """The net of a name, or None. Every net has one name: its numbers have no leading zeros."""
        match = self.pattern.fullmatch(name)
        if match is None:
            return None
        parts = match.groupdict()
        found = {key: int(text.removeprefix("_b")) for key, text in parts.items() if key != "level" and text}
        if "level" not in parts:
            return Net(self, **found)
        net = Net(self, **found, level=_level_of(parts["level"]))
        return net if self.net_name(*net[1:]) == name else None  # not w_p1p50 too

    def in_words(self, net: Net) -> str:
        """What one of its nets is called in a sentence."""
        block = f" of block {net.block}" * (net.block >= 0)
        return self.words.format(neuron=net.neuron, pre=net.pre, level=_level_words(net.level), block=block)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What its nets' names look like."""
        index = "(?:0|[1-9][0-9]{0,8})"
        level = "(?:0|[pm][0-9]{1,15}(?:p[0-9]{1,6})?)"
        parts = {"neuron": f"(?P<neuron>{index})", "pre": f"(?P<pre>{index})", "level": f"(?P<level>{level})",
                 "block": f"(?P<block>(?:_b{index})?)"}  # fmt: skip
        return re.compile(self.form.format(**parts))


def _digits(level: float) -> str:
    return f"{abs(level):.6f}".rstrip("0").rstrip(".")


def _level_code(level: float) -> str:
    """A multiple of W in a net's name; levels are told apart to six decimals."""
    digits = _digits(level)
    return "0" if digits == "0" else f"{'p' if level > 0 else 'm'}{digits.replace('.', 'p')}"


def _level_of(code: str) -> float:
    return 0.0 if code == "0" else float(code[1:].replace("p", ".")) * (1 if code[0] == "p" else -1)


def _level_words(level: float) -> str:
    digits = _digits(level)
    if digits == "0":
        return "0 V"
    return f"{'+' if level > 0 else '−'}{'' if digits == '1' else digits + ' '}W"


_NET_NAME = re.compile("[A-Za-z][A-Za-z0-9_]*")
NET_CLASSES: Registry[NetClass] = Registry("net class")  # by name, in the order in which nets and tables are listed


def parse_net(name: str) -> Net | None:
    """The net of a name, or None when it is none of ours."""
    return _read(name, tuple(NET_CLASSES.values()))


@lru_cache(maxsize=4096)  # a loop reads the same names again and again
def _read(name: str, classes: tuple[NetClass, ...]) -> Net | None:
    return next((net for net in (each.read(name) for each in classes) if net is not None), None)


def register(net_class: NetClass) -> NetClass:
    """Add a class of nets.

    Raises:
        ValueError: its name is taken, or its form is none: nets of it are not read back, or are of another class.
    """
    if net_class.name in NET_CLASSES:
        return NET_CLASSES.add(net_class.name, net_class)
    where = f"net class {net_class.name}"
    try:
        example = net_class.net_name(3, 5, 1.0)
        own = net_class.read(example)
        net_class.in_words(own or Net(net_class))
    except (KeyError, IndexError, ValueError, re.error) as error:
        raise ValueError(f"{where}: its form or words cannot be read ({error})") from None
    if own is None or _NET_NAME.fullmatch(example) is None:
        raise ValueError(f"{where}: {shown(example)}, of its form, is no net's name: letters, digits and _")
    if (other := parse_net(example)) is not None:
        raise ValueError(f"{where}: {shown(example)}, of its form, is of the class {other.net_class.name} already")
    return NET_CLASSES.add(net_class.name, net_class)


def _charge(net: Net, point: OperatingVoltages) -> float | None:
    return None if point.start is None else 1.0 if point.start[net.neuron] else -1.0


def _grounded(net: Net, point: OperatingVoltages) -> float | None:
    return 0.0 if point.rails_while_loading == "grounded" else None


def _weight_of_line(net: Net, point: OperatingVoltages) -> float:
    if point.levels is None:
        raise InputError("protocol: weight lines need levels, shape (N, N)")
    return float(point.levels[net.neuron, net.pre])


ZERO, HELD_AT_V_DW, WEIGHTS_LOADING = Source(None), Source("v_dw"), Source(None, _grounded)
GROUND = register(NetClass("ground", "gnd", "ground", "ground", loading=ZERO, converging=ZERO))
V_DW = register(
    NetClass("vdw", "vdw", "V_DW", "V_DW", meter="vdw", loading=HELD_AT_V_DW, converging=HELD_AT_V_DW)
)  # fmt: skip
DENDRITE = register(NetClass(
    "dendrite", "dend_{neuron}", "dendrite {neuron}", "dendrite", one_piece=True, meter="load",
    loading=Source("v_charge", _charge),
))  # fmt: skip
DRIVE = register(NetClass("drive", "drive_{neuron}", "drive {neuron}", "axon drive", one_piece=True))
RAIL = register(NetClass(
    "rail", "w_{level}{block}", "{level} rail{block}", "weight rail", meter="weight", loading=WEIGHTS_LOADING,
    converging=Source("weight", lambda net, point: net.level),
))  # fmt: skip
LINE = register(NetClass(
    "line", "w_{neuron}_{pre}", "weight line {pre}→{neuron}", "weight line", meter="weight",
    loading=WEIGHTS_LOADING, converging=Source("weight", _weight_of_line),
))  # fmt: skip


def of_classes(nets: Iterable[Net], *classes: NetClass) -> np.ndarray:
    """Which nets are of one of some classes, booleans, shape (nets,)."""
    return np.array([net.net_class in classes for net in nets], bool)


def rank(net: Net) -> tuple[int, int, int, int, float]:
    """Key that sorts nets: by class, then by what they belong to."""
    return list(NET_CLASSES.values()).index(net.net_class), net.neuron, net.pre, net.block, net.level


def in_spice(name: str) -> str:
    """What a net is called in SPICE: its name, but ``ground``, because ``gnd`` is node 0 to ngspice and others."""
    return GROUND.words if name == GROUND.form else name


def in_comment(text: object) -> str:
    """Text from outside as it may stand in a netlist's comment or quotes: one line of printable ASCII, no quotes."""
    return re.sub(r"[^\x20-\x7e]+|[\"\\\\]", " ", str(text))


def in_words(name: str) -> str:
    """What a net is called in a sentence: ``dendrite 4``, ``drive 3``, ``ground``, ``V_DW``, ``+W rail``.

    Names that are none of ours stay as they are.
    """
    net = parse_net(name)
    return name if net is None else net.net_class.in_words(net)


def device_name(post: int, pre: int) -> str:
    """How a user calls a device: ``soma 3``, or ``axon 3→5`` from neuron 3 onto neuron 5."""
    return f"soma {post}" if post == pre else f"axon {pre}→{post}"
