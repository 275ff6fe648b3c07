"""What a dialect of netlists is; ``register`` adds one by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from hwlib.argument_kinds import takes_kinds
from hwlib.errors import InputError, shown
from hwlib.registry import Registry
from sim.spice.trial_bench import TrialBench


class Dialect:
    """How one simulator's decks are written.

    Attributes:
        name: on the command line.
        title: of the simulator.
        bench_name: of a deck's bench: its stem is ``{}``.
        network_suffix: of the network's file, after the bench's stem.
        most_ports: of a subcircuit; None: no limit.
        verilog_a: whether devices are Verilog-A models, whose files stand beside the deck.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    bench_name: ClassVar[str]
    network_suffix: ClassVar[str]
    most_ports: ClassVar[int | None] = None
    verilog_a: ClassVar[bool] = False

    def network_lines(self, bench: TrialBench) -> Iterator[str]:
        """The network: devices and wires, as a subcircuit to include anywhere."""
        raise NotImplementedError

    def bench_lines(self, bench: TrialBench, file: Path, network: Path) -> Iterator[str]:
        """Sources, walls at the beginning, transient, measures; ``file`` is the bench itself, ``network`` beside it."""
        raise NotImplementedError

    def models(self, bench: TrialBench) -> list[Path]:
        """Verilog-A files that the deck needs beside it."""
        if not self.verilog_a:
            return []
        return [bench.law.model, *([SWITCH] if any(source.control for source in bench.sources) else [])]


SWITCH = Path(__file__).with_name("source_switch.va")
DIALECTS: Registry[Dialect] = Registry("dialect")


def register(dialect: Dialect) -> Dialect:
    """Add a dialect by its name.

    Raises:
        ValueError: there is one of that name.
    """
    return DIALECTS.add(dialect.name, dialect)


@takes_kinds
def dialect_of(name: str) -> Dialect:
    """The dialect of a name.

    Raises:
        InputError: none has it; with the names that there are.
    """
    if name not in DIALECTS:
        raise InputError(f"spice: dialect {shown(name)} is not known, allowed: {', '.join(DIALECTS)}")
    return DIALECTS[name]
