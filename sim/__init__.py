"""What the network does: wall dynamics, circuit, engines, tasks, operating-point rules, SPICE decks.

Knows a layout only through ``hwlib.network.Network``; never imports gdsfactory or klayout. The public calls load
what they need when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hwlib.task_registry import register as register_task

if TYPE_CHECKING:
    from sim.judgement import judge as judge
    from sim.protocol import Protocol as Protocol
    from sim.protocol import protocol_for as protocol_for
    from sim.set_point import protocol_on as protocol_on
    from sim.set_point import v_dw_on as v_dw_on
    from sim.simulate import run as run
    from sim.simulate import run_batch as run_batch
    from sim.tasks.run_task import first_trial as first_trial
    from sim.tasks.run_task import foretold as foretold
    from sim.tasks.run_task import recall as recall
    from sim.tasks.run_task import run_task as run_task
    from sim.tasks.run_task import starts as starts

# No module is called like one of these: importing it would hide the function behind it.
_HOME = {
    "Protocol": "sim.protocol", "judge": "sim.judgement", "protocol_for": "sim.protocol",
    "protocol_on": "sim.set_point", "recall": "sim.tasks.run_task", "starts": "sim.tasks.run_task",
    "run": "sim.simulate", "run_batch": "sim.simulate", "v_dw_on": "sim.set_point",
    "run_task": "sim.tasks.run_task", "first_trial": "sim.tasks.run_task",
    "foretold": "sim.tasks.run_task",
}  # fmt: skip
# The toolkit's own kinds of tasks: one line each, one class each.
register_task("recall", "sim.tasks.recall:Recall")
register_task("images", "sim.tasks.picture_recall:Images")
register_task("maxcut", "sim.tasks.maxcut:Maxcut")


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'sim' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
