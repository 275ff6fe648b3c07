"""The DW-MTJ as a SPICE subcircuit: every number a parameter, the wall the voltage of a node."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from sim.spice.trial_bench import TrialBench

END_TIME = 1e-12  # s: a wall driven against an end by v stands END_TIME·v beyond it (0.05 nm at 50 m/s)
STATE_FARAD = 1e-9  # F: with 1 V for L, 1 A moves the wall by L in 1 ns
_PER_LINE = 8
_TEXT = """\
* dw_in dw_out    ends of the track; a current from dw_in to dw_out moves the wall toward ON
* mtj_in mtj_out  the pillar
* wall            wall position in units of length: 0 V at dw_in (OFF), 1 V at dw_out (ON)
* moving          carries |velocity| in A per m/s of every wall that is not held by an end of its track
* length centre width  of track, pillar centre (from dw_in), pillar along the track, in m
* r_p r_ap r_m    pillar parallel and antiparallel, track end to end, in ohm
* mobility leak   velocity in m/s = mobility x track current + leak
* t_end           the ends of the track push a wall back with (distance beyond the end)/t_end
* c_state         the wall's capacitor: only a scale, it drops out of the motion
"""
_PILLAR = (
    "V(mtj_in,mtj_out)*(1/{r_ap} + (1/{r_p}-1/{r_ap})*min(max((V(wall)*{length}-{centre}+{width}/2)/{width},0),1))"
)


class SubcircuitForm:
    """How a dialect of SPICE writes a subcircuit with parameters, and a current by an equation.

    Args:
        announce: what stands before parameters, as ``PARAMS: ``.
        equation: an equation, with parameters in braces, as the dialect writes it.
        step: name of the unit step.
    """

    def __init__(self, announce: str, equation: Callable[[str], str], step: str):
        self.announce, self._equation, self._step = announce, equation, step

    def current(self, name: str, plus: str, minus: str, text: str) -> str:
        """A source of current from ``plus`` through itself to ``minus``."""
        return f"{name} {plus} {minus} I = {self._equation(text.replace('STEP', self._step))}"


def wrapped(words: list[str]) -> Iterator[str]:
    """Words on lines that a plus sign continues."""
    for first in range(0, len(words), _PER_LINE):
        yield ("+ " if first else "") + " ".join(words[first : first + _PER_LINE])


def kind(bench: TrialBench, device: int) -> str:
    """Subcircuit of a device: ``dwmtj_soma`` or ``dwmtj_axon``."""
    return "dwmtj_soma" if bench.network.is_soma[device] else "dwmtj_axon"


def commonest(bench: TrialBench) -> dict[str, dict[str, float]]:
    """For each subcircuit the value of each parameter that most of its devices have."""
    defaults: dict[str, dict[str, float]] = {}
    is_soma = bench.network.is_soma
    for name, chosen in (("dwmtj_axon", ~is_soma), ("dwmtj_soma", is_soma)):
        if not chosen.any():
            continue
        defaults[name] = {}
        for parameter, each in bench.parameters.items():
            values, counts = np.unique(each[chosen], return_counts=True)
            defaults[name][parameter] = float(values[counts.argmax()])
    return defaults


def subcircuits(defaults: dict[str, dict[str, float]], speed: str, form: SubcircuitForm) -> Iterator[str]:
    """Lines of one subcircuit per kind of device.

    Args:
        defaults: of their parameters, from ``commonest``.
        speed: velocity of a free wall, of parameters in braces.
        form: how the dialect writes them.
    """
    yield from ("* Four-terminal domain-wall magnetic tunnel junction, kinematic wall", *_TEXT.splitlines())
    for name, values in defaults.items():
        yield f".subckt {name} dw_in dw_out mtj_in mtj_out wall moving"
        yield f"+ {form.announce}" + " ".join(f"{parameter}={value:.17g}" for parameter, value in values.items())
        yield f"+ t_end={END_TIME:g} c_state={STATE_FARAD:g}"
        yield from _body(speed, form)
        yield f".ends {name}"


def _body(speed: str, form: SubcircuitForm) -> Iterator[str]:
    beyond = "(max(V(wall)-1,0)+min(V(wall),0))"
    moving = f"max({speed},0)*STEP(1-V(wall)) + max(-({speed}),0)*STEP(V(wall))"
    yield "Rtrack dw_in dw_out {r_m}"
    yield form.current("Bpillar", "mtj_in", "mtj_out", _PILLAR)
    yield "Cwall wall 0 {c_state}"
    yield form.current("Bwall", "0", "wall", f"{{c_state}}*(({speed})/{{length}} - {beyond}/{{t_end}})")
    yield form.current("Bmoving", "0", "moving", moving)


def instance(bench: TrialBench, device: int, defaults: dict[str, dict[str, float]], announce: str) -> str:
    """The line of one device; only parameters that differ from its subcircuit's defaults are given."""
    name = kind(bench, device)
    own = {parameter: float(values[device]) for parameter, values in bench.parameters.items()}
    given = " ".join(f"{p}={value:.17g}" for p, value in own.items() if value != defaults[name][p])
    nodes = [*bench.device_nodes(device), "moving"]
    return f"X{bench.device_name(device)} {' '.join(nodes)} {name}" + (f" {announce}{given}" if given else "")
