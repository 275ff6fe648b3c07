"""The design file: one network, its process, device, operating point and task."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from hwlib.device import Device
from hwlib.errors import FieldsError, InputError, all_of, shown
from hwlib.files import inside
from hwlib.model_files import load_model
from hwlib.process import Process, load_process, preset_names
from hwlib.units import Quantity, Real, Whole
from hwlib.weight_styles import MAX_NEURONS, RAILS, WEIGHT_STYLES

MIN_LEVEL, MAX_LEVEL = 1e-6, 1e6  # of a weight that is not 0, as multiple of W; names of rails have six decimals
Bits = Annotated[str, Field(pattern=r"^[01]+$")]
RuleName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$")]
Reason = Annotated[str, Field(min_length=3, max_length=500, pattern=r"^\S(.*\S)?$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def check_level(level: float) -> float:
    """Return a weight (multiple of W) unchanged.

    Raises:
        ValueError: neither 0 nor of a size that can be named, drawn and computed with.
    """
    if level != 0 and not MIN_LEVEL <= abs(level) <= MAX_LEVEL:  # also NaN
        raise ValueError(f"{level:.6g} is no weight: 0, or {MIN_LEVEL:g} to {MAX_LEVEL:g} in size")
    return level


def matrix_problems(rows: Sequence[Sequence[float]], neurons: int) -> Iterator[tuple[int, str]]:
    """What is wrong with the size and the diagonal of a weight matrix: index of the row, and message."""
    for k, row in enumerate(rows):
        if len(row) != neurons:
            yield k, f"row {k + 1} has {len(row)} values, a network of {neurons} neurons needs {neurons}"
        elif k < neurons and row[k] != 0:
            yield k, f"row {k + 1}, column {k + 1} is {row[k]:.6g}, a neuron has no synapse to itself"


WireWidth = Annotated[float, Quantity("m", 1e-9, 1e-4)]
Level = Annotated[Real, AfterValidator(check_level)]
FileName = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^\P{C}+$")]


class Weights(_Strict):
    """What the synapses hold: Hebbian patterns (eq. (3)) or a matrix of multiples of W.

    Exactly one of ``random_patterns``, ``patterns``, ``matrix`` and ``matrix_file`` is given; the default is one
    random pattern drawn with the design's seed.
    """

    random_patterns: Whole | None = Field(default=None, ge=1, le=1000, description="how many, drawn with the seed")
    patterns: tuple[Bits, ...] | None = Field(
        default=None, min_length=1, description="stored patterns, strings of N bits"
    )
    matrix: tuple[tuple[Level, ...], ...] | None = Field(
        default=None, description="N rows of N multiples of W, row = postsynaptic neuron"
    )
    matrix_file: FileName | None = Field(default=None, description="CSV beside the design, row = postsynaptic neuron")

    @model_validator(mode="after")
    def _one(self) -> Weights:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"give one of {', '.join(type(self).model_fields)}, found {', '.join(given)}")
        return self


def _known_style(name: str) -> str:
    if name not in WEIGHT_STYLES:
        raise ValueError(f"found {shown(name)}, allowed: {', '.join(sorted(WEIGHT_STYLES))}")
    return name


class Network(_Strict):
    """Size, topology, floorplan and wires."""

    neurons: Whole = Field(ge=2, le=MAX_NEURONS, description="N")
    weight_style: Annotated[str, AfterValidator(_known_style)] = Field(
        default=RAILS.name,
        description="; ".join(f"{x.name}: {x.meaning}" for x in WEIGHT_STYLES.values()),
        json_schema_extra={"enum": list(WEIGHT_STYLES)},
    )
    soma_placement: Literal["diagonal", "centred"] = Field(
        default="diagonal", description="where a soma joins its dendrite and drive: its own cell, or their middle"
    )
    dendrite_width: WireWidth | None = Field(default=None, description="of the wire; else the process's minimum")
    drive_width: WireWidth | None = Field(default=None, description="of the wire; else the process's minimum")
    ground_width: WireWidth | None = Field(default=None, description="of the wire; else the process's minimum")
    weight_width: WireWidth | None = Field(default=None, description="of weight rails or lines, likewise")
    vdw_width: WireWidth | None = Field(default=None, description="of the wire; else the process's minimum")
    weights: Weights = Weights(random_patterns=1)

    @model_validator(mode="after")
    def _lines_fit(self) -> Network:
        style = WEIGHT_STYLES[self.weight_style]
        if self.neurons > style.most_neurons:
            raise ValueError(
                f"weight_style {style.name} is limited to {style.most_neurons} neurons ({style.why}), found "
                f"{self.neurons}; use {RAILS.name}"
            )
        return self


class OperatingPoint(_Strict):
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


class Task(_Strict):
    """What to run on the network: pattern recall from random or given starts."""

    kind: Literal["recall"] = Field(default="recall", description="recall of stored patterns")
    trials: Whole = Field(default=20, ge=1, le=1_000_000, description="starts to run")
    starts: tuple[Bits, ...] | None = Field(
        default=None, min_length=1, description="given starts instead of random ones"
    )
    time_limit: Annotated[float, Quantity("s", 1e-12, 1e-3)] = Field(
        default=2e-6, description="of the convergence phase"
    )
    required_accuracy: Real = Field(
        default=0.95, ge=0, le=1, description="mean share of right bits from which on the network is said to work"
    )


class Design(_Strict):
    """A whole design, as read from its YAML file."""

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$", description="of the run folder and the top cell")
    process: FileName = Field(default="ebeam", description="a preset's name, or a process file beside the design")
    seed: Whole = Field(default=1, ge=0, le=2**63 - 1, description="of every random draw")
    device: Device = Device()
    network: Network
    operating_point: OperatingPoint = OperatingPoint()
    task: Task = Task()
    waivers: dict[RuleName, Reason] = Field(
        default_factory=dict, description="operating-point rule → why its violation is accepted"
    )
    _folder: Path | None = PrivateAttr(default=None)

    @property
    def folder(self) -> Path:
        """Where relative paths of the design start: its file's folder, or the working folder."""
        return self._folder or Path.cwd()

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
    def _sizes_match(self) -> Design:
        n, weights = self.network.neurons, self.network.weights
        wrong: list[tuple[tuple[str | int, ...], str]] = []
        lists = ((("network", "weights", "patterns"), weights.patterns), (("task", "starts"), self.task.starts))
        for place, words in lists:
            wrong += [
                ((*place, k), f"{len(word)} bits, the network has {n} neurons")
                for k, word in enumerate(words or ())
                if len(word) != n
            ]
        if weights.matrix is not None:
            place = ("network", "weights", "matrix")
            wrong += [((*place, k), message) for k, message in matrix_problems(weights.matrix, n)]
            if len(weights.matrix) != n:
                wrong.append((place, f"{len(weights.matrix)} rows, a network of {n} neurons needs {n}"))
        if wrong:
            raise FieldsError(wrong)
        return self

    def load_process(self) -> Process:
        """Return the process this design names.

        Raises:
            InputError: a missing or bad file, or a path that leaves the design's folder.
        """
        if self.process in preset_names():
            return load_process(self.process)
        return load_process(str(inside(self.folder, self.process, "process")))


def load_design(path: str | Path) -> Design:
    """Read and validate a design file, with everything it refers to.

    Raises:
        InputError: one line with file, line, field, what was found and what is allowed.
    """
    from hwlib.weights import weight_levels  # needs Design

    path = Path(path)
    design = load_model(path, Design, "design")
    design._folder = path.resolve().parent
    wrong: list[str] = []
    for refers in (design.load_process, lambda: weight_levels(design)):
        try:
            refers()
        except InputError as error:  # of another file, named as the design names it
            wrong += [line.removeprefix(f"{design.folder}/") for line in error.lines]
    if wrong:
        raise all_of([f"{path}: {line}" for line in wrong], path)
    return design
