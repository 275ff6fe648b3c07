"""The design file: one network, its process, device, operating point and task."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PrivateAttr,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from hwlib.device import Device
from hwlib.errors import InputError
from hwlib.files import inside, load_model
from hwlib.process import Process, load_process, preset_names
from hwlib.units import Length, Time, Velocity, Voltage, parse_quantity

MAX_NEURONS = 1000
MAX_NEURONS_LINES = 256
Bits = Annotated[str, Field(pattern=r"^[01]+$")]
RuleName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$")]
Reason = Annotated[str, Field(min_length=3, max_length=500, pattern=r"^\S(.*\S)?$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _word_or_quantity(words: tuple[str, ...], unit: str) -> tuple[Any, ...]:
    """A field that is one of ``words`` or a quantity in ``unit`` (kept as SI float)."""

    def parse(value: Any, info: ValidationInfo) -> str | float:
        if isinstance(value, str):
            if value in words:
                return value
            try:
                return parse_quantity(value, unit)
            except ValueError:
                allowed = ", ".join(words)
                raise ValueError(f"{value!r} is neither {allowed} nor a value in {unit}") from None
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            if info.context and info.context.get("from_file"):
                raise ValueError(f"{value!r} has no unit; write for example '{value} {unit}'")
            return float(value)
        raise ValueError(f"{value!r} is neither {', '.join(words)} nor a value in {unit}")

    return (
        BeforeValidator(parse),
        PlainSerializer(lambda v: v if isinstance(v, str) else f"{v:.12g} {unit}", return_type=str, when_used="json"),
        WithJsonSchema({"type": "string", "x-unit": unit, "x-words": list(words)}),
    )


class Weights(_Strict):
    """What the synapses hold: Hebbian patterns (eq. (3)) or a matrix of multiples of W.

    Exactly one of ``random_patterns``, ``patterns``, ``matrix`` and ``matrix_file`` is given; the default is one
    random pattern drawn with the design's seed.
    """

    random_patterns: int | None = Field(default=None, ge=1, le=1000, description="how many, drawn with the seed")
    patterns: tuple[Bits, ...] | None = Field(default=None, description="stored patterns, strings of N bits")
    matrix: tuple[tuple[float, ...], ...] | None = Field(
        default=None, description="N rows of N multiples of W, row = postsynaptic neuron"
    )
    matrix_file: str | None = Field(default=None, description="CSV beside the design, row = postsynaptic neuron")

    @model_validator(mode="after")
    def _one(self) -> Weights:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"give one of {', '.join(type(self).model_fields)}, found {', '.join(given)}")
        return self


class Network(_Strict):
    """Size, topology, floorplan and wires."""

    neurons: int = Field(ge=2, le=MAX_NEURONS, description="N")
    weight_style: Literal["lines", "rails"] = Field(
        default="rails", description="rails: weights fixed by programming vias; lines: one line per synapse to the edge"
    )
    soma_placement: Literal["diagonal", "centred"] = Field(
        default="diagonal", description="where a soma joins its dendrite and drive: its own cell, or their middle"
    )
    dendrite_width: Length | None = Field(default=None, gt=0, description="of the wire; else the process's minimum")
    drive_width: Length | None = Field(default=None, gt=0, description="of the wire; else the process's minimum")
    ground_width: Length | None = Field(default=None, gt=0, description="of the wire; else the process's minimum")
    weight_width: Length | None = Field(default=None, gt=0, description="of weight rails or lines, likewise")
    vdw_width: Length | None = Field(default=None, gt=0, description="of the wire; else the process's minimum")
    weights: Weights = Weights(random_patterns=1)

    @model_validator(mode="after")
    def _lines_fit(self) -> Network:
        if self.weight_style == "lines" and self.neurons > MAX_NEURONS_LINES:
            raise ValueError(
                f"weight_style lines is limited to {MAX_NEURONS_LINES} neurons (its channel grows with N), found "
                f"{self.neurons}; use rails"
            )
        return self


class OperatingPoint(_Strict):
    """Voltages, leaks and the load phase. Defaults are Table I."""

    v_dw: Annotated[float | str, *_word_or_quantity(("auto", "eq4"), "V")] = Field(
        default="auto",
        description=("auto: centre of the window that the network's wires leave; eq4: the paper's eq. (4); or volts"),
    )
    v_charge: Voltage = Field(default=0.1, gt=0, description="V_C; Table I")
    weight: Voltage = Field(default=0.1, gt=0, description="W; Table I")
    axon_leak: Velocity = Field(default=-5.0, lt=0, description="toward OFF; Table I, L_SYN")
    soma_leak: Velocity = Field(default=0.2, description="+ moves toward ON; Table I, L_AXON")
    load: Annotated[float | str, *_word_or_quantity(("rest",), "s")] = Field(
        default="rest",
        description="load phase: until every wall rests, or a time (paper: 16 ns)",
    )
    rails_while_loading: Literal["floating", "grounded"] = Field(
        default="floating", description="weight rails or lines during the load phase: sources open, or at 0 V"
    )

    @field_validator("v_dw", "load")
    @classmethod
    def _positive(cls, value: float | str) -> float | str:
        if isinstance(value, float) and value <= 0:
            raise ValueError(f"must be positive, found {value:.6g}")
        return value


class Task(_Strict):
    """What to run on the network: pattern recall from random or given starts."""

    kind: Literal["recall"] = Field(default="recall", description="recall of stored patterns")
    trials: int = Field(default=20, ge=1, le=1_000_000, description="starts to run")
    starts: tuple[Bits, ...] | None = Field(default=None, description="given starts instead of random ones")
    time_limit: Time = Field(default=2e-6, gt=0, description="of the convergence phase")


class Design(_Strict):
    """A whole design, as read from its YAML file."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", description="of the run folder and the top cell")
    process: str = Field(default="ebeam", description="a preset's name, or a process file beside the design")
    seed: int = Field(default=1, ge=0, le=2**63 - 1, description="of every random draw")
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
                f"unknown preset {value!r}; allowed: {', '.join(preset_names())}, or a .yaml file beside the design"
            )
        return value

    @model_validator(mode="after")
    def _bits_match(self) -> Design:
        n = self.network.neurons
        for field, bits in (
            ("network.weights.patterns", self.network.weights.patterns),
            ("task.starts", self.task.starts),
        ):
            for k, word in enumerate(bits or ()):
                if len(word) != n:
                    raise ValueError(f"{field}[{k}] has {len(word)} bits, the network has {n} neurons")
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
    try:
        design.load_process()
        weight_levels(design)
    except InputError as error:
        raise InputError(f"{path}: {error}" if str(path) not in str(error) else str(error)) from None
    return design
