"""Decks for ngspice and for Xyce: the device is a subcircuit of equations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sim.protocol import OFF_BELOW, ON_ABOVE
from sim.spice import device_subcircuit
from sim.spice.device_subcircuit import SubcircuitForm, wrapped
from sim.spice.dialect import Dialect, register
from sim.spice.trial_bench import MOST_PORTS, R_OFF, R_ON, SUBCIRCUIT, SWITCHING, PinSource, TrialBench


class _SpiceDialect(Dialect):
    """What the SPICEs have in common."""

    form: SubcircuitForm
    separator: str
    program: str
    switch: str
    settings: tuple[str, ...]

    def network_lines(self, bench: TrialBench) -> Iterator[str]:
        names = bench.names
        yield f"* {bench.head}"
        defaults = device_subcircuit.commonest(bench)
        yield from device_subcircuit.subcircuits(defaults, bench.law.velocity or "", self.form)
        if names.wrapped:
            yield "* The network: the pins of its nets, then the sum of all walls' |velocity|"
            yield from wrapped([".subckt", SUBCIRCUIT, *names.ports, "moving"])
        for k, a, b, ohm in bench.wires():
            yield f"R{k} {a} {b} {ohm:.17g}"
        for device in range(bench.network.devices):
            yield device_subcircuit.instance(bench, device, defaults, self.form.announce)
        if names.wrapped:
            yield f".ends {SUBCIRCUIT}"

    def bench_lines(self, bench: TrialBench, file: Path, network: Path) -> Iterator[str]:
        phases = "load, release, convergence" if bench.load_time else "convergence"
        numbers, names = bench.numbers, bench.names
        yield f"* {bench.title}: {phases} ({self.program} {file.name})"
        if bench.remark:
            yield f"* {bench.remark}"
        yield f".include {network.name}"
        yield f".param {' '.join(f'{name}={value:.17g}' for name, value in list(numbers.items())[:3])}"
        yield f".param {' '.join(f'{name}={value:.17g}' for name, value in list(numbers.items())[3:])}"
        yield f".model source_switch {self.switch}"
        if bench.load_time:
            yield f"Vloading loading 0 {_step('1', '0')}"
            yield f"Vreleased released 0 {_step('0', '1')}"
        else:
            yield "Vloading loading 0 0"
            yield "Vreleased released 0 1"
        for source in bench.sources:
            yield from _source(source)
        if names.wrapped:
            yield from wrapped(["Xnet", *names.ports, "moving", SUBCIRCUIT])
        yield "Rmoving moving 0 1"
        yield "* Walls at the beginning, in units of L"
        yield from wrapped(
            [".ic", *(f"{self.vector(bench, wall)}={x:.17g}" for wall, x in bench.first_walls().items())]
        )
        yield from self.settings
        yield ".tran {t_step} {t_stop} 0 {t_step}"
        yield from self.outputs(bench)
        yield "* Times: when somas were last read as changed, and when the last wall came to rest"
        for neuron, soma in enumerate(bench.network.somas.tolist()):
            wall = self.vector(bench, names.walls[soma])
            yield f".meas tran t_on_{neuron} when {wall}={ON_ABOVE:g} cross=last"
            yield f".meas tran t_off_{neuron} when {wall}={OFF_BELOW:g} cross=last"
        slowest = bench.protocol.rest_speed(bench.network).min()
        yield f".meas tran t_rest when v(moving)={slowest:g} fall=last"
        yield ".end"

    def vector(self, bench: TrialBench, name: str) -> str:
        """The voltage of a node of the network, as the simulator calls it."""
        return f"v({bench.names.inside(name, self.separator)})"

    def outputs(self, bench: TrialBench) -> Iterator[str]:
        """What the simulator is asked to keep."""
        yield from ()


def _step(before: str, after: str) -> str:
    """A level until the release, and another from then on."""
    return f"PWL(0 {before} {{t_load}} {before} {{t_load+{SWITCHING:g}}} {after})"


def _braced(text: str) -> str:
    return text if text == "0" else f"{{{text}}}"


def _source(source: PinSource) -> Iterator[str]:
    port, volts = source.port, _braced(source.volts)
    level = volts if source.before is None else _step(_braced(source.before), volts)
    if source.control is None:
        yield f"V{port} {port} 0 {level}"
    else:
        yield f"V{port} source_{port} 0 {level}"
        yield f"S{port} source_{port} {port} {source.control} 0 source_switch"


class _Ngspice(_SpiceDialect):
    name, title, bench_name, network_suffix = "ngspice", "ngspice", "{}.cir", "_network.inc"
    most_ports = MOST_PORTS
    separator, program = ".", "ngspice -b"
    form = SubcircuitForm("", lambda text: text, "u")
    switch = f"sw vt=0.5 vh=0 ron={R_ON:g} roff={R_OFF:g}"
    settings = (".options method=gear maxord=2 reltol=1e-5 abstol=1e-10 vntol=1e-9 trtol=1 itl4=100",)


class _Xyce(_SpiceDialect):
    name, title, bench_name, network_suffix = "xyce", "Xyce", "{}_xyce.cir", "_network.inc"
    separator, program = ":", "Xyce"
    form = SubcircuitForm("PARAMS: ", lambda text: "{" + re.sub(r"[{}]", "", text) + "}", "stp")
    switch = f"vswitch (ron={R_ON:g} roff={R_OFF:g} von=0.6 voff=0.4)"
    settings = (
        ".options timeint method=gear maxord=2 reltol=1e-5 abstol=1e-10",
        ".options nonlin-tran maxstep=100",
    )

    def outputs(self, bench: TrialBench) -> Iterator[str]:
        kept = [self.vector(bench, wall) for wall in bench.names.walls]
        yield from wrapped([".print", "tran", "format=csv", *kept, "v(moving)"])


NGSPICE = register(_Ngspice())
XYCE = register(_Xyce())
