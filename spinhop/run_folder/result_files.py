"""The results of a run folder, read with suspicion: what each file must hold, and which file the manifest knows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from hwlib.errors import InputError, shown
from hwlib.storage.netcdf import Wanted, read_netcdf
from sim.energies import SINKS, SOURCES, impossible_energies
from spinhop.run_folder.trial_consistency import IDEAL_WIRES, impossible_trial

if TYPE_CHECKING:
    import xarray as xr

    from hwlib.design import Design
    from sim.tasks.kinds import RunTask

_NAMES = {"source": Wanted(("source",), "U"), "sink": Wanted(("sink",), "U")}
_ONE, _EACH = Wanted(()), Wanted(("trial",), "b")
TRIAL = {
    "time_load": _ONE, "time_convergence": _ONE, "time_to_solution": _ONE, "at_rest": Wanted((), "b"),
    "undetermined": Wanted((), "b", optional=True),
    "other_time": Wanted((), optional=True), "other_state": Wanted(("neuron",), "i", optional=True),
    "state": Wanted(("neuron",), "i"), "energy_source": Wanted(("source",)), "energy_sink": Wanted(("sink",)),
    "v_dw": Wanted((), optional=True), "steps": Wanted((), "i", optional=True), **_NAMES,
}  # fmt: skip
_ASKED = ("undetermined", "other_time", "other_state")  # all three, or none: ngspice does not ask
_DEVICES = {name: Wanted(("device",), "i", optional=True) for name in ("pre", "post")}
_EVENTS = {
    name: Wanted(("event",), "i" if name in ("device", "kind") else "f", optional=True)
    for name in ("device", "time", "wall", "kind")
}
TRACES = {
    "wall_final": Wanted(("device",)),
    **_DEVICES,
    **{f"event_{name}": wanted for name, wanted in _EVENTS.items()},
}
_ROUNDING = 1e-9  # relative
_NEAR_END = 0.05  # of L: a wall there is at that end, however states are read
_REST = Wanted((), gaps=True)  # over trials at rest: NaN when there is none
BATCH = {
    "at_rest": _EACH, "undetermined": _EACH, "v_dw": Wanted((), optional=True),
    "time_mean": _REST, "time_median": _REST, "time_max": _REST, "energy_mean": _ONE,
    "energy_source": Wanted(("trial", "source")), "energy_sink": Wanted(("trial", "sink")), **_NAMES,
    **{f"time_{name}": Wanted(("trial",), optional=True) for name in ("load", "convergence", "to_solution")},
    "other_state": Wanted(("trial", "neuron"), "i", optional=True), **_DEVICES,
    "wall_final": Wanted(("trial", "device"), optional=True), "steps": Wanted(("trial",), "i", optional=True),
}  # fmt: skip
_STYLES: dict[str, Literal["f", "i", "b", "U"]] = {"whole": "i", "text": "U", "lines": "U", "yes": "b", "trials": "b"}


def wanted_of(task: type[RunTask], *, shown: bool = False) -> dict[str, Wanted]:
    """What the result of a kind of tasks must hold.

    Args:
        task: its class.
        shown: also bits per trial and neuron, for pictures.
    """
    found = {**BATCH, task.measure: Wanted(("trial",))}
    for number in task.numbers:
        found[number.name] = Wanted(("trial",) if number.style == "trials" else (), _STYLES.get(number.style, "f"))
        if number.interval:
            found[number.interval] = Wanted(("bound",))
    for column in task.columns:  # not of a task without cases
        found[f"case_{column.name}"] = Wanted(("case",), _STYLES.get(column.style, "f"), gaps=True, optional=True)
    found |= {name: each for name, each in task.retold.items() if name not in found}
    if shown:
        found |= dict.fromkeys(task.pictured, Wanted(("trial", "neuron"), "i"))
    return found


def read_trial(path: Path, design: Design | None = None, *, traces: bool = False) -> xr.Dataset:
    """One trial's dataset, in memory: the variables of ``TRIAL``.

    Args:
        path: the file.
        design: what it must be a trial of, by size.
        traces: those of ``TRACES`` too, where the file has them.

    Raises:
        InputError: missing, damaged, of another kind, or of another size.
    """
    trial = _read(path, "result of a trial", TRIAL | TRACES if traces else TRIAL, design)
    asked = [name for name in _ASKED if name in trial]
    if asked and len(asked) < len(_ASKED):
        raise InputError(f"{path}: damaged, or no result of a trial ({', '.join(asked)} without the rest of it)")
    for name in ("state", "other_state"):
        if name in trial and not np.isin(trial[name].values, (-1, 0, 1)).all():
            raise InputError(f"{path}: damaged, or no result of a trial ({name} has other values than 0, 1 and -1)")
    if said := _unphysical(trial) or (_read_out(trial, design) if design is not None else ""):
        raise InputError(f"{path}: damaged, or no result of a trial ({said})")
    both = float(trial["time_load"]) + float(trial["time_convergence"])
    if not np.isclose(trial["time_to_solution"], both, rtol=_ROUNDING, atol=0):
        raise InputError(f"{path}: damaged, or no result of a trial (time_to_solution is not load and convergence)")
    if traces and "event" in trial.sizes and not _are_walls(trial):
        raise InputError(f"{path}: damaged, or no result of a trial (its events are not those of its walls in order)")
    if design is not None and (said := impossible_trial(trial, design)):
        raise InputError(f"{path}: damaged, or no result of a trial ({said})")
    return trial


def _are_walls(trial: xr.Dataset) -> bool:
    """Whether every wall has events, device by device and each in time."""
    if not all(f"event_{name}" in trial for name in _EVENTS):
        return False
    device, time = trial["event_device"].values, trial["event_time"].values
    step, same = np.diff(device), np.diff(device) == 0
    in_order = bool(np.all((step >= 0) & (step <= 1)) and np.all(np.diff(time)[same] > 0))
    return in_order and len(device) > 0 and device[0] == 0 and device[-1] == trial.sizes["device"] - 1


def read_task(path: Path, kind: str, design: Design | None = None, *, shown: bool = False) -> xr.Dataset:
    """A task's dataset, in memory; its attribute ``task`` is the kind. Arguments and errors as of ``read_trial``.

    Args:
        path: the file.
        kind: of the task.
        design: as for ``read_trial``.
        shown: also what its pictures need.
    """
    from sim.tasks.kinds import run_class

    what, task = f"result of {kind}", run_class(kind)
    found = _read(path, what, wanted_of(task, shown=shown), design)
    cases = [column.name for column in task.columns if f"case_{column.name}" in found]
    if cases and len(cases) < len(task.columns):
        raise InputError(f"{path}: damaged, or no {what} (case_{cases[0]} without the rest of it)")
    if found.attrs.get("task", kind) != kind:
        raise InputError(f"{path}: damaged, or no {what} (of another task)")
    if said := _unphysical(found) or _contradiction(found, task) or _retold(found, design):
        raise InputError(f"{path}: damaged, or no {what} ({said})")
    found.attrs["task"] = kind
    return found


def _unphysical(found: xr.Dataset) -> str:
    """What of times and energies no trial can have; empty where all is possible."""
    for name in ("time_load", "time_convergence", "time_to_solution"):
        if name in found and (found[name].values < 0).any():
            return f"{name} is negative"
    return impossible_energies(found["energy_source"].values, found["energy_sink"].values)


def _retold(found: xr.Dataset, design: Design | None) -> str:
    """What of a batch is not what its states come to; empty where all is, or where no design says what they mean."""
    from sim.tasks.kinds import task_of

    if design is None:
        return ""
    return _read_out(found, design) or impossible_trial(found, design) or task_of(design).contradiction(found, design)


def _read_out(found: xr.Dataset, design: Design) -> str:
    """Whether somas are said to be where their walls are not, or an outcome with another state is determined."""
    if "state" not in found:
        return ""
    state = found["state"].values
    if {"wall_final", "pre", "post"} <= set(found.variables):
        somas = np.flatnonzero(found["pre"].values == found["post"].values)
        somas = somas[np.argsort(found["post"].values[somas])]
        if len(somas) != state.shape[-1]:
            return "pre and post are not one soma for every neuron"
        share = found["wall_final"].values[..., somas] / design.device.track_length
        if (((state == 0) & (share > 1 - _NEAR_END)) | ((state == 1) & (share < _NEAR_END))).any():
            return "state is not the read-out of wall_final"
    if "other_state" not in found:
        return ""
    other = (found["other_state"].values != state).any(axis=-1)
    if (other & ~found["undetermined"].values).any():
        return "other_state is another state of a trial that is not undetermined"
    return ""


def _contradiction(found: xr.Dataset, task: type[RunTask]) -> str:
    """Which number over all trials is not what those of the single trials come to; empty where all are."""
    each, rest = found[task.measure].values, found["at_rest"].values
    if not len(each):
        return "no trial"
    if ((each < 0) | (each > 1)).any():
        return f"{task.measure} is not within 0 and 1"
    means = {"energy_mean": found["energy_source"].values.sum(axis=1)}
    if f"{task.measure}_mean" in found:
        means[f"{task.measure}_mean"] = each
    for name, values in means.items():
        if not np.isclose(found[name], values.mean(), rtol=_ROUNDING, atol=0):
            return f"{name} is not the mean over the trials"
    times = [float(found[f"time_{name}"]) for name in ("mean", "median", "max")]
    known = np.isfinite(times)
    right = (known.all(), known.any()) == (rest.any(), rest.any()) and not max(times[:2]) > (1 + _ROUNDING) * times[2]
    if "time_to_solution" in found and rest.any():
        each = found["time_to_solution"].values[rest]
        right &= np.allclose(times, [each.mean(), np.median(each), each.max()], rtol=_ROUNDING, atol=0)
    return "" if right else "times are not those of the trials at rest"


def refuse_foreign(path: Path, found: xr.Dataset, design: Design, *, ideal: bool) -> xr.Dataset:
    """The dataset, unless it says of itself that it is of another design, seed, kind of wires, temperature or V_DW.

    V_DW is compared where the design says it, on ideal wires also where it is the centre of the window.

    Raises:
        InputError: it does; one that says nothing passes.
    """
    said = found.attrs
    wires = str(said.get("wires", IDEAL_WIRES if ideal else ""))
    wrong = [
        f"{name} {shown(str(said[name]), 40)}, here {shown(str(value), 40)}"
        for name, value in (("design", design.name), ("seed", design.seed))
        if str(said.get(name, value)) != str(value)  # which may be of any type
    ]
    if (wires == IDEAL_WIRES) != ideal:
        wrong.append(f"wires {shown(wires, 40)}, here {'ideal' if ideal else 'drawn'}")
    wrong += [] if wrong else _other_temperature(found, design) or _other_voltage(found, design, ideal)
    if wrong:
        raise InputError(f"{path}: damaged, or of another run ({wrong[0]})")
    return found


def _other_temperature(found: xr.Dataset, design: Design) -> list[str]:
    said, known = found.attrs.get("temperature"), design.operating_point.temperature
    if said is None or (known is not None and np.array_equal(said, known)):
        return []
    return [f"temperature {shown(str(said), 40)}, here {'none' if known is None else f'{known:g} K'}"]


def _other_voltage(found: xr.Dataset, design: Design, ideal: bool) -> list[str]:
    from sim.set_point import known_v_dw

    known = known_v_dw(design, design.load_process(), wires=not ideal) if "v_dw" in found else None
    if known is None or np.isclose(float(found["v_dw"]), known.volts, rtol=_ROUNDING, atol=0):
        return []
    return [f"v_dw {float(found['v_dw']):.6g} V, here {known.volts:.6g} V"]


def _read(path: Path, what: str, wanted: Mapping[str, Wanted], design: Design | None) -> xr.Dataset:
    sizes = {"source": len(SOURCES), "sink": len(SINKS), "bound": 2}
    if design is not None:
        sizes |= {"neuron": design.network.neurons, "device": design.topology.devices}
    found = read_netcdf(path, what, wanted, sizes)
    for name, known in (("source", SOURCES), ("sink", SINKS)):
        if tuple(found[name].values) != known:
            raise InputError(f"{path}: damaged, or no {what} ({name} are not {', '.join(known)})")
    return found
