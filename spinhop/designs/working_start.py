"""Fields of the designs of ``layouts/codesigned``, with which networks of other sizes work as drawn too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple

from pydantic import BaseModel

from hwlib.design import Design
from hwlib.process import load_process, preset_names
from hwlib.quantities import human, parse_quantity
from hwlib.sections.topology_fields import TopologyFields
from hwlib.storage.yaml_text import read_yaml

_MODELS = {"recall_60_{}": 60, "letters_100_{}": 100}  # of a process, with N; the first that there is
_KEPT = ("device.", "network.", "operating_point.", "task.time_limit")
_NOT_KEPT = ("network.neurons", "network.weights.", "operating_point.load")  # other starts need another length
# From some 45 neurons on V_DW at the centre of its window drives more through a soma's metal 1 than that may carry, in
# copper and e-beam; the designs found with a lower one keep to it at any N when V_DW goes with the axons that it feeds.
_CENTRED_UP_TO = 40
_TRIED_UP_TO = 60


class WorkingStart(NamedTuple):
    """Fields of a starter.

    Attributes:
        model: name of the design that they are of.
        fields: by path, as a design file has them.
    """

    model: str
    fields: dict[str, Any]


def working_start(process: str, neurons: int) -> WorkingStart | None:
    """Device, wires and voltages with which N neurons on rails work as drawn; None: of no preset.

    Tried with one random pattern and N = 2 … 60 (``tests/spinhop/test_working_start.py``); larger networks get them
    too, and may need more.

    Args:
        process: name of a preset or of a process file.
        neurons: N.
    """
    model = _model_of(process)
    if model is None:
        return None
    name, size = model
    given = read_yaml(_file(name).read_text(encoding="utf-8")).data
    fields = {
        path: value
        for path, value in _by_path(Design, given, "")
        if path.startswith(_KEPT) and not path.startswith(_NOT_KEPT)
    }
    v_dw = parse_quantity(fields.pop("operating_point.v_dw"), "V")
    if neurons > _CENTRED_UP_TO:
        fields["operating_point.v_dw"] = human(v_dw * (neurons - 1) / (size - 1), "V", digits=3)
    return WorkingStart(name, fields)


def command_for(design: Design) -> str:
    """The command that writes a design for the same task that works as drawn; empty: none is known."""
    network, weights = design.network, design.network.weights
    alike = network.weight_style == "rails" and network.topology == TopologyFields() and design.task.kind == "recall"
    one = not weights.is_matrix and weights.patterns is None and (weights.random_patterns or 1) == 1
    name = design.load_process().name  # a run folder has a file of its own of each preset
    if not (alike and one and network.neurons <= _TRIED_UP_TO and _model_of(name)):
        return ""
    if load_process(name) != design.load_process():
        return ""
    return f"spinhop new as_drawn.yaml --neurons {network.neurons} --process {name}"


def _model_of(process: str) -> tuple[str, int] | None:
    """Name and N of the design that a process has; None: it is no preset, or has none."""
    models = ((model.format(process), n) for model, n in _MODELS.items() if process in preset_names())
    return next(((name, n) for name, n in models if _file(name).is_file()), None)


def _file(name: str) -> Traversable:
    return resources.files("layouts").joinpath("codesigned", f"{name}.yaml")


def _by_path(model: type[BaseModel], given: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """The fields that a file gives, down to those that are no section."""
    for name, value in given.items():
        section = model.model_fields[name].default
        if isinstance(section, BaseModel) and isinstance(value, Mapping):
            yield from _by_path(type(section), value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
