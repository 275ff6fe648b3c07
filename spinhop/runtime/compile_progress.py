"""Says that an engine is being compiled, which happens once on a machine and takes most of a minute."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass
class Compiled:
    """What was compiled: seconds, 0 where it was for less than a second."""

    seconds: float = 0.0


@contextmanager
def compiling(say: Callable[[str], None], done: Callable[[str], None]) -> Iterator[Compiled]:
    """Watch Numba while something runs; how long it compiled is known at the end.

    Args:
        say: called with a line as functions are compiled: how many, and for how long.
        done: called at the end with the same when anything was compiled for more than a second.
    """
    from numba.core import event

    from sim.compile_helper import start_helper

    begun, count, last = 0.0, 0, 0.0

    def line(first: str) -> str:
        return f"{first}, once on this machine: {count} functions, {last - begun:.0f} s"

    class Listener(event.Listener):
        def on_start(self, event: Any) -> None:
            nonlocal begun
            begun = begun or time.monotonic()
            if getattr(event.data["dispatcher"], "takes_turns", False):  # an engine's
                start_helper()

        def on_end(self, event: Any) -> None:
            nonlocal count, last
            count, last = count + 1, time.monotonic()
            say(line("compiling the engine"))

    with event.install_listener("numba:compile", Listener()):
        yield (compiled := Compiled())
    if last - begun > 1.0:
        compiled.seconds = last - begun
        done(line("compiled the engine"))
