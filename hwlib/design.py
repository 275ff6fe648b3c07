"""The design file: one network, its process, device, operating point and task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import (
    Field,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from hwlib import topology as topologies
from hwlib.argument_kinds import takes_kinds
from hwlib.arrangement import block_of_neuron
from hwlib.device import Device
from hwlib.dynamics_data import law_problem
from hwlib.errors import FieldsError, InputError, Problem, shown
from hwlib.field_words import MISSING
from hwlib.process import Process, load_process, preset_names
from hwlib.sections.compensation_fields import CompensationFields, read_net_levels
from hwlib.sections.network_fields import NetworkFields, place_problems, style_problem
from hwlib.sections.operating_point_fields import OperatingPoint
from hwlib.sections.search_fields import SearchFields
from hwlib.sections.variation_fields import VariationFields
from hwlib.sections.weight_fields import GIVEN, Weights, matrix_problems
from hwlib.seeds import LARGEST_SEED
from hwlib.storage.files import inside
from hwlib.storage.model_files import load_model, refused_fields
from hwlib.strict_model import StrictModel
from hwlib.task_kinds import AnyTask, FileName, Find, Programme, RecallFields, whole_task
from hwlib.text_form import PlainName, TextForm
from hwlib.units import Whole
from hwlib.weight_styles import MAX_NEURONS, WEIGHT_STYLES

RULE_NAME = r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$"
RuleName = Annotated[str, TextForm(RULE_NAME, "a rule's name, such as current.m2")]
Reason = Annotated[str, Field(min_length=3, max_length=500), TextForm(r"^\S(.*\S)?$", "one line, no spaces around it")]

_GRAPH = ("network", "topology", "graph")


class Design(StrictModel):
    """A whole design, as read from its YAML file."""

    name: PlainName = Field(description="of the run folder and the top cell")
    process: FileName = Field(default="ebeam", description="a preset's name, or a process file beside the design")
    seed: Whole = Field(default=1, ge=0, le=LARGEST_SEED, description="of every random draw")
    device: Device = Device()
    network: NetworkFields = NetworkFields()
    operating_point: OperatingPoint = OperatingPoint()
    task: AnyTask = RecallFields()
    waivers: dict[RuleName, Reason] = Field(
        default_factory=dict, description="operating-point rule → why its violation is accepted"
    )
    compensation: CompensationFields | None = Field(
        default=None, description="voltages that make up for wires, as spinhop compensate finds them"
    )
    search: SearchFields | None = Field(default=None, description="what spinhop optimize may change, and for what")
    variation: VariationFields | None = Field(default=None, description="how made chips differ, and what is broken")
    _folder: Path | None = PrivateAttr(default=None)
    _programme: Programme | None = PrivateAttr(default=None)
    _process: Process | None = PrivateAttr(default=None)
    _wired: topologies.Topology | None = PrivateAttr(default=None)
    _levels: np.ndarray | None = PrivateAttr(default=None)
    _net_levels: dict[str, float] | None = PrivateAttr(default=None)

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
            allowed = f"{', '.join(preset_names())}, or a .yaml file beside the design"
            raise ValueError(f"unknown preset {shown(value)}; allowed: {allowed}")
        return value

    @model_validator(mode="after")
    def _complete(self, info: ValidationInfo) -> Design:
        context = info.context or {}
        if unknown := law_problem(self.device.dynamics.model):
            raise FieldsError([(("device", "dynamics", "model"), unknown)])
        temperature = self.operating_point.temperature  # at 0 K, without noise, all stays as given
        if temperature and (problem := self.device.problem_at(temperature)):
            raise FieldsError([(("operating_point", "temperature"), problem)])
        if not (context.get("from_file") or context.get("unread")):  # else whoever reads the files goes on
            done = completed(self)
            self.__dict__["network"], self._programme = done.network, done.programme  # frozen, and not yet handed out
            self._wired = done._wired
        elif not self.from_files:
            refuse_unfit(self)
        return self

    @property
    def from_files(self) -> bool:
        """Whether the number of neurons follows from files, of its task or its topology."""
        return self.task.programs or self.network.topology.graph is not None

    @property
    def from_task(self) -> dict[str, Any]:
        """Fields that follow from the task's files, which no file of a design repeats; as pydantic's ``exclude``."""
        if self.programme is None:
            return {}
        weights = self.network.weights
        own = bool(weights.trained_by) or weights.rule == GIVEN  # how the task's patterns are trained
        return {"network": {"weights": {"patterns"}} if own else {"weights"}}

    @property
    def topology(self) -> topologies.Topology:
        """Which neurons drive which; a graph file is read once.

        Raises:
            InputError: a bad graph file.
        """
        graph = self.network.topology.graph
        if graph is None:
            return self.network.topology.topology(self.network.neurons)
        if self._wired is None:
            self._wired = topologies.of_graph_file(inside(self.folder, graph, "file"), MAX_NEURONS)
        return self._wired

    @property
    def compensated_v_dw(self) -> float | None:
        """V_DW in V that drawn wires get instead of the operating point's; None: that of the operating point."""
        return None if self.compensation is None else self.compensation.v_dw

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
            names: of the files of weights, compensation, topology and task there, by their name here.
        """
        weights, task, topology = self.network.weights, self.task, self.network.topology
        if topology.graph is not None:
            topology = topology.model_copy(update={"graph": names[topology.graph]})
        if weights.matrix_file is not None:
            weights = weights.model_copy(update={"matrix_file": names[weights.matrix_file]})
        if self.programme is not None:
            named = task.with_files(names).items()
            task = task.model_copy(update={k: tuple(v) if isinstance(v, list) else v for k, v in named})
        network = self.network.model_copy(update={"weights": weights, "topology": topology})
        made_up = self.compensation
        if made_up is not None and made_up.weights_file is not None:
            made_up = made_up.model_copy(update={"weights_file": names[made_up.weights_file]})
        update = {"process": process, "network": network, "task": task, "compensation": made_up}
        return self.model_copy(update=update).placed(folder.resolve())

    def placed(self, folder: Path, process: Process | None = None) -> Design:
        """The same design with relative paths from a folder, and a process that was read elsewhere."""
        copy = self.model_copy()
        copy._folder, copy._process = folder, process or copy._process
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

    def net_levels(self) -> dict[str, float] | None:
        """What the drawn network's weight sources are set to, multiples of W by net; None: to the weights. Read once.

        Raises:
            InputError: a bad file of the compensation, or trials whose weights differ.
        """
        if self.compensation is None or self.compensation.weights_file is None:
            return None
        if self.programme is not None and self.programme.several:
            raise InputError("compensation.weights_file: one set of voltages, but the task's trials differ in weights")
        if self._net_levels is None:
            names, _ = WEIGHT_STYLES[self.network.weight_style].nets(
                self.weight_levels(), self.topology.joined, block_of_neuron(self.network)
            )
            path = inside(self.folder, self.compensation.weights_file, "compensation.weights_file")
            self._net_levels = read_net_levels(path, names)
        return self._net_levels

    def _carried_levels(self) -> np.ndarray:
        given, joined = self.network, self.topology.joined
        if self.programme is not None and self.programme.patterns is None:
            levels = np.array(self.programme.levels)
        else:
            levels = self._levels_by(given.weights)
        for post, pre in np.argwhere((levels != 0) & ~joined)[:1].tolist():
            raise InputError(
                f"network.weights: row {post + 1}, column {pre + 1} is {levels[post, pre]:.6g}, but network.topology "
                f"has no axon {pre}→{post}"
            )
        refusal = WEIGHT_STYLES[given.weight_style].refusal(levels, joined, block_of_neuron(given))
        if refusal is not None:
            raise InputError(f"network.weights: {refusal}")
        return levels

    def _levels_by(self, weights: Weights) -> np.ndarray:
        off_share = self.device.r_p / self.device.r_ap
        return weights.levels(self.network.neurons, self.seed, self.folder, self.topology.joined, off_share)


def refuse_unfit(design: Design) -> None:
    """Check that patterns, matrix and task fit the number of neurons.

    Raises:
        FieldsError: what does not, by field.
    """
    n, weights = design.network.neurons, design.network.weights
    if not n:
        given = "network" in design.model_fields_set
        raise FieldsError(
            [(("network", "neurons") if given else ("network",), f"{MISSING}, allowed 2 to {MAX_NEURONS}")]
        )
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
    stores = weights.stores_patterns
    wrong += [(("task", *path), message) for path, message in design.task.problems(n, stores)]
    if wrong:
        raise FieldsError(wrong)


def completed(design: Design, find: Find | None = None) -> Design:
    """Read the files of a design's topology and task, and take from them what it leaves to them: neurons, weights.

    Args:
        design: as validated.
        find: where a file is that the task names; default inside the design's folder.

    Raises:
        FieldsError: a bad file, what the design says otherwise than its task's files, or what does not fit.
    """
    design = _sized(design)
    try:
        programme = whole_task(design.task).read(find or partial(inside, design.folder, what="file"))
    except FieldsError as error:
        raise FieldsError([(("task", *path), message) for path, message in error.problems]) from None
    if programme is not None:
        design = _programmed(design, programme)
    refuse_unfit(design)
    return design


def _sized(design: Design) -> Design:
    """The design with as many neurons as its graph of axons has nodes."""
    given, name = design.network, design.network.topology.graph
    if name is None:
        return design
    try:
        n = design.topology.neurons
    except InputError as error:
        named = name.rpartition("/")[2] in str(error)
        raise FieldsError([(_GRAPH, str(error) if named else f"{name}: {error}")]) from None
    if given.neurons not in (0, n):
        message = f"{given.neurons}, but the graph of axons has {n} nodes; leave it out or give {n}"
        raise FieldsError([(("network", "neurons"), message)])
    if n < 2:
        raise FieldsError([(_GRAPH, f"{shown(name)} has one node, a network has 2 neurons or more")])
    if too_large := style_problem(given.weight_style, n):
        raise FieldsError([(("network", "weight_style"), too_large)])
    return design.model_copy(update={"network": given.model_copy(update={"neurons": n})})


def _programmed(design: Design, programme: Programme) -> Design:
    """The design with neurons and weights as its task's files say."""
    given, n = design.network, programme.neurons
    if given.topology.graph is not None and given.neurons != n:
        raise FieldsError([(_GRAPH, f"{given.neurons} nodes, but {programme.of}")])
    if given.neurons not in (0, n):
        raise FieldsError([(("network", "neurons"), f"{given.neurons}, but {programme.of}; leave it out or give {n}")])
    if too_large := style_problem(given.weight_style, n):
        raise FieldsError([(("network", "weight_style"), too_large)])
    if unfit := [(("task", *path), message) for path, message in programme.problems(given.weight_style)]:
        raise FieldsError(unfit)
    network = given.model_copy(update={"neurons": n})
    design = design.model_copy(update={"network": network})
    stores, weights = programme.patterns is not None, given.weights
    if not stores and (weights.trained_by or weights.rule == GIVEN):
        field = (*weights.trained_by, "rule")[0]
        message = f"{field}: the task's files give weights, no patterns to train; leave it out"
        raise FieldsError([(("network", "weights"), message)])
    if "weights" in given.model_fields_set and weights.says_which and _says_otherwise(design, programme):
        raise FieldsError([(("network", "weights"), "other weights than those of the task's files; leave them out")])
    if programme.patterns is not None:
        words = tuple("".join(str(int(bit)) for bit in pattern) for pattern in programme.patterns)
        weights = weights.storing(words)
    else:  # a million levels at most, and computed here: not validated one by one
        weights = Weights.model_construct({"matrix"}, matrix=tuple(map(tuple, programme.levels.tolist())))
    design = design.model_copy(update={"network": network.model_copy(update={"weights": weights})})
    design._programme, design._levels = programme, None
    return design


def _says_otherwise(design: Design, programme: Programme) -> bool:
    """Whether a design's own patterns or matrix are not what its task's files store."""
    weights, n = design.network.weights.untrained(), programme.neurons
    stored = weights.stored_patterns(n, design.seed)
    if stored is not None and stored.shape[1] != n:
        return True
    same = design._levels_by(weights)
    return same.shape != (n, n) or bool(abs(same - programme.levels).max() > 1e-6 * abs(programme.levels).max())


@takes_kinds
def load_design(path: str | Path) -> Design:
    """Read and validate a design file, with everything it refers to: each file once.

    Raises:
        InputError: one line with file, line, field, what was found and what is allowed.
    """
    path = Path(path)
    design = load_model(path, Design, "design").placed(path.resolve().parent)
    wrong: list[Problem] = []
    weights: tuple[str, ...] = ("network", "weights")
    if design.network.weights.matrix_file is not None:
        weights = (*weights, "matrix_file")
    if design.from_files:
        try:
            design = completed(design)
        except FieldsError as error:
            wrong += error.problems
        except InputError as error:  # weights that the design gives as well
            wrong += [(weights, line) for line in error.lines]
    refers: list[tuple[tuple[str, ...], Callable[[], object]]] = [(("process",), design.load_process)]
    if not wrong:
        refers += [(weights, design.weight_levels), (("compensation", "weights_file"), design.net_levels)]
    for place, look in refers:
        try:
            look()
        except InputError as error:
            wrong += [(place, line) for line in error.lines]
            if place == weights:
                break
    if wrong:
        told = [(place, _beside(design, _unplaced(place, message))) for place, message in wrong]
        raise refused_fields(path, FieldsError(told), "design")
    return design


def _unplaced(place: tuple[str | int, ...], message: str) -> str:
    """A message without the names of fields that its place has: whoever speaks of a file may say them too."""
    names = [str(part) for part in place]
    starts = (f"{'.'.join(names[:count])}: " for count in range(len(names), 0, -1))
    return next((message.removeprefix(start) for start in starts if message.startswith(start)), message)


def _beside(design: Design, line: str) -> str:
    """What is said of another file, which is named as the design names it."""
    return line.replace(f"{design.folder}/", "")
