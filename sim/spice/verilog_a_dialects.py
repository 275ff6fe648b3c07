"""Decks for VACASK and for Spectre: the device is a Verilog-A model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sim.spice.dialect import Dialect, register
from sim.spice.trial_bench import R_OFF, R_ON, SUBCIRCUIT, SWITCHING, PinSource, TrialBench


class _VerilogADialect(Dialect):
    """What simulators with a syntax like Spectre's have in common."""

    verilog_a = True
    ends: str

    def network_lines(self, bench: TrialBench) -> Iterator[str]:
        ports = " ".join(bench.names.ports)
        yield f"// {bench.head}"
        yield f"subckt {SUBCIRCUIT} ({ports})"
        for k, a, b, ohm in bench.wires():
            yield f"  r{k} ({a} {b}) resistor r={ohm:.17g}"
        values = {name: each.tolist() for name, each in bench.parameters.items()}
        for device in range(bench.network.devices):
            given = " ".join(f"{name}={value[device]:.17g}" for name, value in values.items())
            nodes = " ".join(bench.device_nodes(device))
            yield f"  x{bench.device_name(device)} ({nodes}) {bench.law.module} {given}"
        yield self.ends

    def bench_lines(self, bench: TrialBench, file: Path, network: Path) -> Iterator[str]:
        yield from self.begin(bench)
        if bench.remark:
            yield f"// {bench.remark}"
        yield f"parameters {' '.join(f'{name}={value:.17g}' for name, value in bench.numbers.items())}"
        yield f'include "{network.name}"'
        if bench.load_time:
            yield f"vloading (loading 0) vsource {self.step('1', '0')}"
            yield f"vreleased (released 0) vsource {self.step('0', '1')}"
        else:
            yield "vloading (loading 0) vsource dc=0"
            yield "vreleased (released 0) vsource dc=1"
        for source in bench.sources:
            yield from self._source(source)
        yield f"xnet ({' '.join(bench.names.ports)}) {SUBCIRCUIT}"
        yield from self.end(bench)

    def _source(self, source: PinSource) -> Iterator[str]:
        port = source.port
        level = f"dc={source.volts}" if source.before is None else self.step(source.before, source.volts)
        if source.control is None:
            yield f"v_{port} ({port} 0) vsource {level}"
        else:
            yield f"v_{port} (source_{port} 0) vsource {level}"
            yield f"s_{port} (source_{port} {port} {source.control}) source_switch ron={R_ON:g} roff={R_OFF:g}"

    def begin(self, bench: TrialBench) -> Iterator[str]:
        """Title, models."""
        raise NotImplementedError

    def end(self, bench: TrialBench) -> Iterator[str]:
        """Walls at the beginning, transient, what to keep."""
        raise NotImplementedError

    def step(self, before: str, after: str) -> str:
        """A level until the release, and another from then on."""
        raise NotImplementedError


class _Vacask(_VerilogADialect):
    name, title, bench_name, network_suffix = "vacask", "VACASK", "{}.sim", "_network.sim"
    ends = "ends"

    def begin(self, bench: TrialBench) -> Iterator[str]:
        yield bench.head
        yield "ground 0"
        yield from (f'load "{name}"' for name in ("resistor.osdi", *(path.name for path in self.models(bench))))
        modules = [bench.law.module, *(path.stem for path in self.models(bench)[1:])]
        yield from (f"model {name} {name}" for name in ("resistor", "vsource", *modules))

    def step(self, before: str, after: str) -> str:
        return f'type="pwl" wave=[0, {before}, t_load, {before}, t_load+{SWITCHING:g}, {after}]'

    def end(self, bench: TrialBench) -> Iterator[str]:
        walls = ", ".join(f'"xnet:{wall}", {x:.17g}' for wall, x in bench.first_walls().items() if x)
        yield "control"
        yield "  options reltol=1e-5 vntol=1e-9"
        yield "  save default"
        step = f"step={bench.max_step:.17g} maxstep={bench.max_step:.17g}"
        first = f" ic={{{walls}}}" if walls else ""
        yield f'  analysis trial tran {step} stop={bench.stop_time:.17g} icmode="uic"{first}'
        yield "endc"


class _Spectre(_VerilogADialect):
    name, title, bench_name, network_suffix = "spectre", "Spectre", "{}.scs", "_network.scs"
    ends = f"ends {SUBCIRCUIT}"

    def network_lines(self, bench: TrialBench) -> Iterator[str]:
        yield "simulator lang=spectre"
        yield from super().network_lines(bench)

    def begin(self, bench: TrialBench) -> Iterator[str]:
        yield f"// {bench.head}"
        yield "simulator lang=spectre"
        yield "global 0"
        yield from (f'ahdl_include "{path.name}"' for path in self.models(bench))

    def step(self, before: str, after: str) -> str:
        return f"type=pwl wave=[0 ({before}) (t_load) ({before}) (t_load+{SWITCHING:g}) ({after})]"

    def end(self, bench: TrialBench) -> Iterator[str]:
        yield from (f"ic xnet.{wall}={x:.17g}" for wall, x in bench.first_walls().items())
        states = [node for nodes in bench.names.states.values() for node in nodes]
        yield from (f"ic xnet.{node}=0" for node in states)
        yield "simulatorOptions options reltol=1e-5 vabstol=1e-9 iabstol=1e-10"
        yield "trial tran stop=t_stop maxstep=t_step method=gear2only"
        yield from (f"save xnet.{node}" for node in (*bench.names.walls, *states))


VACASK = register(_Vacask())
SPECTRE = register(_Spectre())
