"""The design file: one network, its process, device, operating point and task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import (
    AfterValidator,
    Field,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from hwlib import topology as topologies
from hwlib.device import Device
from hwlib.errors import FieldsError, InputError, all_of, shown
from hwlib.files import inside
from hwlib.model_files import load_model
from hwlib.process import Process, load_process, preset_names
from hwlib.search_fields import SearchFields
from hwlib.strict_model import StrictModel
from hwlib.task_kinds import AnyTask, FileName, Find, Problem, Programme, RecallFields, whole_task
from hwlib.units import Quantity, Whole
from hwlib.weight_fields import Weights, matrix_problems
from hwlib.weight_styles import MAX_NEURONS, RAILS, WEIGHT_STYLES
from hwlib.wire_fields import Feeds, Straps, Trunks, WireWidth

RuleName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$")]
Reason = Annotated[str, Field(min_length=3, max_length=500, pattern=r"^\S(.*\S)?$")]


def _known_topology(name: str) -> str:
    if name not in topologies.TOPOLOGIES:
        raise ValueError(f"found {shown(name)}, allowed: {', '.join(sorted(topologies.TOPOLOGIES))}")
    return name


def _known_style(name: str) -> str:
    if name not in WEIGHT_STYLES:
        raise ValueError(f"found {shown(name)}, allowed: {', '.join(sorted(WEIGHT_STYLES))}")
    return name


def _without_default(schema: dict[str, Any]) -> None:
    del schema["default"]


class TopologyFields(StrictModel):
    """Which neurons drive which: a kind, or a list of axons."""

    kind: Annotated[str, AfterValidator(_known_topology)] = Field(
        default=topologies.ALL_TO_ALL,
        description="every neuron drives every other",
        json_schema_extra={"enum": list(topologies.TOPOLOGIES)},
    )
    axons: tuple[tuple[Whole, Whole], ...] | None = Field(
        default=None,
        min_length=1,
        description="instead of a kind: pairs, from the neuron that drives to the driven one; they count from 0",
    )

    def topology(self, neurons: int) -> topologies.Topology:
        """Of a number of neurons."""
        if self.axons is None:
            return topologies.of_name(self.kind, neurons)
        return topologies.of_edges(self.axons, neurons)


class NetworkFields(StrictModel):
    """Size, topology, floorplan and wires."""

    neurons: Whole = Field(
        default=0, ge=2, le=MAX_NEURONS, json_schema_extra=_without_default,  # 0: not given
        description="N; may be left out where the task's files say it",
    )  # fmt: skip
    topology: TopologyFields = TopologyFields()
    weight_style: Annotated[str, AfterValidator(_known_style)] = Field(
        default=RAILS.name,
        description="; ".join(f"{x.name}: {x.meaning}" for x in WEIGHT_STYLES.values()),
        json_schema_extra={"enum": list(WEIGHT_STYLES)},
    )
    soma_placement: Literal["diagonal", "centred"] = Field(
        default="diagonal", description="where a soma joins its dendrite and drive: its own cell, or their middle"
    )
    soma_places: tuple[Whole, ...] | None = Field(
        default=None, min_length=1,
        description="instead: by neuron, the column of the drawing in which its soma joins its dendrite, and the row "
        "in which it joins its drive; they count from 0",
    )  # fmt: skip
    order: tuple[Whole, ...] | None = Field(
        default=None, min_length=1,
        description="the neurons as they stand in the drawing, rows from below, columns from the left; else 0, 1, 2 …",
    )  # fmt: skip
    dendrite_width: WireWidth | None = Field(default=None, description="of the wire; else the process's minimum")
    drive_width: WireWidth | None = Field(default=None, description="of the wire; else the process's minimum")
    ground_width: WireWidth | None = Field(default=None, description="of the wire; else the process's minimum")
    weight_width: WireWidth | None = Field(default=None, description="of weight rails or lines, likewise")
    vdw_width: WireWidth | None = Field(default=None, description="of the wire; else the process's minimum")
    straps: Straps = Straps()
    feeds: Feeds = Feeds()
    trunks: Trunks = Trunks()
    weights: Weights = Weights(random_patterns=1)

    @model_validator(mode="after")
    def _lines_fit(self) -> NetworkFields:
        if too_large := style_problem(self.weight_style, self.neurons):
            raise ValueError(too_large)
        style = WEIGHT_STYLES[self.weight_style]
        if self.straps.weight is not None and not style.whole_rows:
            raise ValueError(
                f"straps.weight: weight_style {style.name} has no wires through whole rows; use {RAILS.name}"
            )
        return self


def place_problems(network: NetworkFields) -> Iterator[tuple[str, str]]:
    """What is wrong with the places of neurons in the drawing: field and message."""
    n, order, places = network.neurons, network.order, network.soma_places
    if order is not None and sorted(order) != list(range(n)):
        odd = next((k for k in order if not 0 <= k < n or order.count(k) > 1), None)
        found = f"{len(order)} of {n}" if odd is None else f"{shown(odd)}"
        yield "order", f"each neuron from 0 to {n - 1} once, found {found}"
    if places is not None:
        if len(places) != n:
            yield "soma_places", f"{len(places)} places, a network of {n} neurons needs {n}"
        for k in [k for k in places if not 0 <= k < n][:1]:
            yield "soma_places", f"{shown(k)} is no row or column, allowed: 0 to {n - 1}"


def style_problem(weight_style: str, neurons: int) -> str:
    """Why a weight style cannot have so many neurons; empty when it can."""
    style = WEIGHT_STYLES[weight_style]
    if neurons <= style.most_neurons:
        return ""
    limit = f"limited to {style.most_neurons} neurons ({style.why})"
    return f"weight_style {style.name} is {limit}, found {neurons}; use {RAILS.name}"


class OperatingPoint(StrictModel):
    """Voltages, leaks and the load phase. Defaults are Table I."""

    v_dw: Annotated[float | str, Quantity("V", 1e-6, 1e3, words=("auto", "eq4"))] = Field(
        default="auto",
        description=("auto: centre of the window that the network's wires leave; eq4: the paper's eq. (4); or volts"),
    )
    v_charge: Annotated[float, Quantity("V", 1e-6, 100)] = Field(default=0.1, description="V_C; Table I")
    weight: Annotated[float, Quantity("V", 1e-6, 100)] = Field(default=0.1, description="W; Table I")
    axon_leak: Annotated[float, Quantity("m/s", -1e4, -1e-6)] = Field(
        default=-5.0, description="toward OFF; Table I, L_SYN"
    )
    soma_leak: Annotated[float, Quantity("m/s", -1e4, 1e4, smallest=1e-6)] = Field(
        default=0.2, description="+ moves toward ON; Table I, L_AXON"
    )
    load: Annotated[float | str, Quantity("s", 1e-12, 1e-3, words=("rest",))] = Field(
        default="rest",
        description="load phase: until every wall rests, or a time (paper: 16 ns)",
    )
    rails_while_loading: Literal["floating", "grounded"] = Field(
        default="floating", description="weight rails or lines during the load phase: sources open, or at 0 V"
    )


class Design(StrictModel):
    """A whole design, as read from its YAML file."""

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$", description="of the run folder and the top cell")
    process: FileName = Field(default="ebeam", description="a preset's name, or a process file beside the design")
    seed: Whole = Field(default=1, ge=0, le=2**63 - 1, description="of every random draw")
    device: Device = Device()
    network: NetworkFields = NetworkFields()
    operating_point: OperatingPoint = OperatingPoint()
    task: AnyTask = RecallFields()
    waivers: dict[RuleName, Reason] = Field(
        default_factory=dict, description="operating-point rule → why its violation is accepted"
    )
    search: SearchFields | None = Field(default=None, description="what spinhop optimize may change, and for what")
    _folder: Path | None = PrivateAttr(default=None)
    _programme: Programme | None = PrivateAttr(default=None)
    _process: Process | None = PrivateAttr(default=None)
    _levels: np.ndarray | None = PrivateAttr(default=None)

    @property
    def folder(self) -> Path:
        """Where relative paths of the design start: its file's folder, or the working folder."""
        return self._folder or Path.cwd()

    @property
    def programme(self) -> Programme | None:
        """What the task's files make the network hold; None when the design says that itself."""
        return self._programme

    @field_validator("process")
    @classmethod
    def _known_process(cls, value: str, info: ValidationInfo) -> str:
        if value not in preset_names() and not value.endswith((".yaml", ".yml")):
            raise ValueError(
                f"unknown preset {shown(value)}; allowed: {', '.join(preset_names())}, or a .yaml file beside "
                "the design"
            )
        return value

    @model_validator(mode="after")
    def _complete(self, info: ValidationInfo) -> Design:
        context = info.context or {}
        if not (context.get("from_file") or context.get("unread")):  # else whoever reads the files goes on
            done = completed(self)
            self.__dict__["network"], self._programme = done.network, done.programme  # frozen, and not yet handed out
        elif not self.task.programs:
            refuse_unfit(self)
        return self

    @property
    def topology(self) -> topologies.Topology:
        """Which neurons drive which."""
        return self.network.topology.topology(self.network.neurons)

    def load_process(self) -> Process:
        """Return the process this design names; read once.

        Raises:
            InputError: a missing or bad file, or a path that leaves the design's folder.
        """
        if self._process is None:
            preset = self.process in preset_names()
            path = self.process if preset else str(inside(self.folder, self.process, "process"))
            self._process = load_process(path)
        return self._process

    def moved(self, folder: Path, process: str, names: Mapping[str, str]) -> Design:
        """The same design where copies of its files lie; nothing is read again.

        Args:
            folder: where relative paths of the copy start.
            process: name of its process's file there.
            names: of the files of weights and task there, by their name here.
        """
        weights, task = self.network.weights, self.task
        if weights.matrix_file is not None:
            weights = weights.model_copy(update={"matrix_file": names[weights.matrix_file]})
        if self.programme is not None:
            named = task.with_files(names).items()
            task = task.model_copy(update={k: tuple(v) if isinstance(v, list) else v for k, v in named})
        network = self.network.model_copy(update={"weights": weights})
        copy = self.model_copy(update={"process": process, "network": network, "task": task})
        copy._folder = folder.resolve()
        return copy

    def weight_levels(self) -> np.ndarray:
        """The programmed weights as multiples of W, shape (N, N), zero diagonal, not to be written to; read once.

        Raises:
            InputError: a bad matrix file, or weights that the axons or the weight style cannot carry.
        """
        if self._levels is None:
            self._levels = self._carried_levels()
            self._levels.flags.writeable = False
        return self._levels

    def _carried_levels(self) -> np.ndarray:
        given, joined = self.network, self.topology.joined
        if self.programme is not None:
            levels = np.array(self.programme.levels)
        else:
            levels = given.weights.levels(given.neurons, self.seed, self.folder)
        if not given.weights.is_matrix:
            levels = np.where(joined, levels, 0.0)
        for post, pre in np.argwhere((levels != 0) & ~joined)[:1].tolist():
            raise InputError(
                f"network.weights: row {post + 1}, column {pre + 1} is {levels[post, pre]:.6g}, but network.topology "
                f"has no axon {pre}→{post}"
            )
        refusal = WEIGHT_STYLES[given.weight_style].refusal(levels, joined)
        if refusal is not None:
            raise InputError(f"network.weights: {refusal}")
        return levels


def refuse_unfit(design: Design) -> None:
    """Check that patterns, matrix and task fit the number of neurons.

    Raises:
        FieldsError: what does not, by field.
    """
    n, weights = design.network.neurons, design.network.weights
    if not n:
        given = "network" in design.model_fields_set
        raise FieldsError([(("network", "neurons") if given else ("network",), "Field required")])
    place: tuple[str | int, ...] = ("network", "weights", "patterns")
    wrong: list[Problem] = [
        ((*place, k), f"{len(word)} bits, the network has {n} neurons")
        for k, word in enumerate(weights.patterns or ())
        if len(word) != n
    ]
    if weights.matrix is not None:
        place = ("network", "weights", "matrix")
        wrong += [((*place, k), message) for k, message in matrix_problems(weights.matrix, n)]
        if len(weights.matrix) != n:
            wrong.append((place, f"{len(weights.matrix)} rows, a network of {n} neurons needs {n}"))
    wrong += [(("network", field), message) for field, message in place_problems(design.network)]
    axons = design.network.topology.axons or ()
    wrong += [(("network", "topology", "axons", k), message) for k, message in topologies.edge_problems(axons, n)]
    stores = not weights.is_matrix
    wrong += [(("task", *path), message) for path, message in design.task.problems(n, stores)]
    if wrong:
        raise FieldsError(wrong)


def completed(design: Design, find: Find | None = None) -> Design:
    """Read the files of a design's task, and take from them what the design leaves to them: neurons and weights.

    Args:
        design: as validated.
        find: where a file is that the task names; default inside the design's folder.

    Raises:
        FieldsError: a bad file, what the design says otherwise than its task's files, or what does not fit.
    """
    try:
        programme = whole_task(design.task).read(find or partial(inside, design.folder, what="file"))
    except FieldsError as error:
        raise FieldsError([(("task", *path), message) for path, message in error.problems]) from None
    if programme is not None:
        design = _programmed(design, programme)
    refuse_unfit(design)
    return design


def _programmed(design: Design, programme: Programme) -> Design:
    """The design with neurons and weights as its task's files say."""
    given, n = design.network, programme.neurons
    if given.neurons not in (0, n):
        raise FieldsError([(("network", "neurons"), f"{given.neurons}, but {programme.of}; leave it out or give {n}")])
    if too_large := style_problem(given.weight_style, n):
        raise FieldsError([(("network", "weight_style"), too_large)])
    if unfit := [(("task", *path), message) for path, message in programme.problems(given.weight_style)]:
        raise FieldsError(unfit)
    network = given.model_copy(update={"neurons": n})
    if "weights" in given.model_fields_set:
        same = given.weights.levels(n, design.seed, design.folder)
        if same.shape != (n, n) or abs(same - programme.levels).max() > 1e-6 * abs(programme.levels).max():
            message = "other weights than those of the task's files; leave them out"
            raise FieldsError([(("network", "weights"), message)])
    if programme.patterns is not None:
        words = tuple("".join(str(int(bit)) for bit in pattern) for pattern in programme.patterns)
        weights = Weights(patterns=words)
    else:  # a million levels at most, and computed here: not validated one by one
        weights = Weights.model_construct({"matrix"}, matrix=tuple(map(tuple, programme.levels.tolist())))
    design = design.model_copy(update={"network": network.model_copy(update={"weights": weights})})
    design._programme, design._levels = programme, None
    return design


def load_design(path: str | Path) -> Design:
    """Read and validate a design file, with everything it refers to: each file once.

    Raises:
        InputError: one line with file, line, field, what was found and what is allowed.
    """
    path = Path(path)
    design = load_model(path, Design, "design")
    design._folder = path.resolve().parent
    wrong: list[str] = []
    if design.task.programs:
        try:
            design = completed(design)
        except FieldsError as error:
            wrong += [f"{'.'.join(map(str, place))}: {message}" for place, message in error.problems]
        except InputError as error:  # weights that the design gives as well
            wrong += error.lines
    for refers in (design.load_process, *([] if wrong else [design.weight_levels])):
        try:
            refers()
        except InputError as error:
            wrong += error.lines
    if wrong:  # of another file, named as the design names it
        raise all_of([f"{path}: {line.replace(f'{design.folder}/', '')}" for line in wrong], path)
    return design
