"""Kinds of tasks: what the ``task`` of a design may hold, by its ``kind``, and what a task makes its network hold.

The fields of the toolkit's own kinds are here, so that a design is read without what simulates it. What a task does is
in a class that ``hwlib.task_registry`` knows (``sim.tasks``); a kind from elsewhere is that class alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, cast
from unicodedata import category

import numpy as np
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    SerializeAsAny,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import core_schema

from hwlib.errors import FieldsError, Problem, shown
from hwlib.strict_model import StrictModel
from hwlib.task_registry import class_of, registered
from hwlib.text_form import TextForm
from hwlib.units import Quantity, Real, Whole

Bits = Annotated[str, TextForm(r"^[01]+$", "digits 0 and 1")]
Share = Annotated[Real, Field(ge=0, le=1)]
_MOST = 1000  # shares of distortion, pictures or graphs of one task


def _plain_name(name: str) -> str:
    if any(category(character).startswith("C") for character in name):
        raise ValueError(f"a file's name has a character that is no text, such as a line end: {shown(name)}; rename it")
    return name


FileName = Annotated[
    str,
    Field(min_length=1, max_length=1000, json_schema_extra={"pattern": r"^\P{C}+$"}),
    AfterValidator(_plain_name),
]


def _some(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Not none, and not too many: pydantic's own lengths would speak up beside every bad value."""
    if not 1 <= len(values) <= _MOST:
        raise ValueError(f"{len(values)} values, allowed 1 to {_MOST}")
    return values


Shares = Annotated[tuple[Share, ...], AfterValidator(_some)]
FileNames = Annotated[tuple[FileName, ...], AfterValidator(_some)]
Find = Callable[[str], Path]  # where a file is that a task names
DEFAULT_KIND = "recall"


@dataclass(frozen=True)
class Programme:
    """What the files of a task make a network hold; they are read once.

    Attributes:
        of: what says so, with its size, for messages, e.g. ``the pictures have 25 pixels``.
        levels: weights as multiples of W, shape (N, N).
        patterns: stored bits, shape (patterns, N); None where the weights are no patterns'.
        remarks: what was guessed or left out, a line each, for people.
    """

    of: str
    levels: np.ndarray
    patterns: np.ndarray | None
    remarks: tuple[str, ...]

    @property
    def neurons(self) -> int:
        """N."""
        return len(self.levels)

    @property
    def several(self) -> bool:
        """Whether its trials are of networks that hold different weights."""
        return False

    def problems(self, weight_style: str) -> Iterator[Problem]:
        """What a network of this weight style cannot hold, by its place in the task."""
        return iter(())

    def digest(self) -> str:
        """Hash of all that decides a result."""
        parts = [self.levels, *([] if self.patterns is None else [self.patterns])]
        return hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()


class Task(StrictModel):
    """What every task has. One that is run in simulations is a ``sim.tasks.kinds.RunTask`` too.

    Attributes:
        required_field: name of the field that says what the network must reach.
        programs: whether neurons and weights follow from the task.
    """

    required_field: ClassVar[str] = ""
    programs: ClassVar[bool] = False

    kind: str
    time_limit: Annotated[float, Quantity("s", 1e-12, 1e-3)] = Field(
        default=2e-6, description="of the convergence phase; with a temperature its length"
    )
    time_step: Annotated[float | str, Quantity("s", 1e-15, 1e-6, words=("auto",))] = Field(
        default="auto", description="with a temperature; auto: no wall goes farther than a fifth of its pillar in one"
    )

    @classmethod
    def chosen(cls, data: Mapping[str, Any]) -> type[Task]:
        """The class that a mapping's ``kind`` names; this one where it names none."""
        return kind_named(data.get("kind", DEFAULT_KIND)) or cls

    @property
    def required(self) -> float:
        """What the mean score of the trials must reach, 0 … 1."""
        return float(getattr(self, self.required_field)) if self.required_field else 0.0

    def files(self) -> dict[tuple[str | int, ...], str]:
        """The files that the task names, by the place of their name."""
        return {}

    def with_files(self, names: Mapping[str, str]) -> dict[str, Any]:
        """The fields of the task that name files, with other names for them."""
        return {}

    def read(self, find: Find) -> Programme | None:
        """Read the task's files.

        Args:
            find: path of a file by its name in the task.

        Returns:
            What they make the network hold; None when the design says that itself.

        Raises:
            FieldsError: what is wrong with which of them, by the place of its name; or nothing here reads them.
        """
        if self.programs:
            says = f"nothing that reads the files of {shown(self.kind)} is loaded; import sim"
            raise FieldsError([(("kind",), says)])
        return None

    def problems(self, neurons: int, stores_patterns: bool) -> Iterator[Problem]:
        """What does not fit a network of so many neurons."""
        return iter(())


class RecallFields(Task):
    """Recall of stored patterns: from given starts, from distorted patterns, or from random starts."""

    required_field: ClassVar[str] = "required_accuracy"

    kind: Literal["recall"] = Field(default="recall", description="recall of stored patterns")
    trials: Whole = Field(
        default=20, ge=1, le=1_000_000, description="starts to run; with distortion so many for every share"
    )
    starts: tuple[Bits, ...] | None = Field(
        default=None, min_length=1, description="given starts instead of random ones"
    )
    distortion: Shares | None = Field(
        default=None, description="shares of flipped bits: the stored patterns, one after the other, instead of random"
    )
    required_accuracy: Real = Field(
        default=0.95, ge=0, le=1, description="mean share of right bits from which on the network is said to work"
    )

    def problems(self, neurons: int, stores_patterns: bool) -> Iterator[Problem]:
        """Starts of another length, and what cannot be given together."""
        for k, word in enumerate(self.starts or ()):
            if len(word) != neurons:
                yield ("starts", k), f"{len(word)} bits, the network has {neurons} neurons"
        if self.distortion is not None and self.starts is not None:
            yield ("distortion",), "given starts are not distorted; give starts or distortion"
        if self.distortion is not None and not stores_patterns:
            yield ("distortion",), "the weights are a matrix, there are no stored patterns to distort"


class ImagesFields(Task):
    """Recall of pictures from distorted copies: the network stores all of them, a neuron per pixel."""

    required_field: ClassVar[str] = "required_accuracy"
    programs: ClassVar[bool] = True

    kind: Literal["images"] = Field(description="recall of pictures from distorted copies")
    pictures: FileNames | None = Field(
        default=None,
        description="bitmaps or texts of one size beside the design, which give neurons and weights; else U, T and D",
    )
    distortion: Shares = Field(default=(0.1, 0.3), description="shares of flipped bits")
    trials: Whole = Field(default=20, ge=1, le=100_000, description="of every picture with every share")
    threshold: Real = Field(default=0.5, gt=0, le=1, description="share of white below which a pixel is dark: ON")
    invert: bool = Field(default=False, strict=True, description="light pixels are ON instead of dark ones")
    required_accuracy: Real = Field(
        default=0.95, ge=0, le=1, description="mean share of right bits from which on the network is said to work"
    )

    def files(self) -> dict[tuple[str | int, ...], str]:
        """The pictures."""
        return {("pictures", k): name for k, name in enumerate(self.pictures or ())}

    def with_files(self, names: Mapping[str, str]) -> dict[str, Any]:
        """The pictures under other names."""
        return {} if self.pictures is None else {"pictures": [names[name] for name in self.pictures]}


class MaxcutFields(Task):
    """Max-cut of a graph: a neuron per node; every wall OFF at the start, or restarts from random loads."""

    required_field: ClassVar[str] = "required_share"
    programs: ClassVar[bool] = True

    kind: Literal["maxcut"] = Field(description="max-cut of a graph")
    graph: FileName | None = Field(
        default=None, description="graph file beside the design; it gives neurons and weights"
    )
    graphs: FileNames | None = Field(
        default=None, description="several of one size instead; other weights for each need weight_style lines"
    )
    mapping: Literal["paper", "balanced", "degree", "zero_sum"] = Field(
        default="balanced", description="how edges become weights; zero_sum with restarts finds the best cuts"
    )
    weight: str | None = Field(
        default=None, min_length=1, max_length=200, description="GML, GraphML: edge attribute that is the weight"
    )
    prove: Annotated[float, Quantity("s", 0, 1e5, smallest=1e-3)] = Field(
        default=0.0, description="how long to try to prove each best cut"
    )
    restarts: Whole = Field(
        default=0, ge=0, le=100_000, description="trials from random loads per graph; 0: one from all walls OFF"
    )
    budget: Annotated[float, Quantity("s", 1e-12, 1.0)] | None = Field(
        default=None, description="restarts that end after so much time, all added up, do not count; else all do"
    )
    required_share: Real = Field(
        default=0.878, ge=0, le=1,
        description="mean share of the best cut from which on the network is said to work; Goemans and Williamson's",
    )  # fmt: skip

    @model_validator(mode="after")
    def _one(self) -> MaxcutFields:
        if (self.graph is None) == (self.graphs is None):
            raise ValueError(f"give graph or graphs, found {'neither' if self.graph is None else 'both'}")
        if self.mapping == "zero_sum" and not self.restarts:
            raise ValueError("mapping zero_sum needs restarts: with every wall OFF nothing drives any neuron")
        if self.budget is not None and not self.restarts:
            raise ValueError("budget needs restarts: it ends a chain of them")
        return self

    def names(self) -> tuple[str, ...]:
        """The graph files."""
        return (self.graph,) if self.graph is not None else self.graphs or ()

    def files(self) -> dict[tuple[str | int, ...], str]:
        """The graph files by their place."""
        if self.graph is not None:
            return {("graph",): self.graph}
        return {("graphs", k): name for k, name in enumerate(self.graphs or ())}

    def with_files(self, names: Mapping[str, str]) -> dict[str, Any]:
        """The graph files under other names."""
        if self.graph is not None:
            return {"graph": names[self.graph]}
        return {"graphs": [names[name] for name in self.graphs or ()]}


_FIELDS: dict[str, type[Task]] = {"recall": RecallFields, "images": ImagesFields, "maxcut": MaxcutFields}


def kinds() -> list[str]:
    """Names of the known kinds."""
    return list(dict.fromkeys([*_FIELDS, *registered()]))


def kind_named(kind: object) -> type[Task] | None:
    """The class that describes the fields of a kind; None when there is none of this name."""
    if not isinstance(kind, str):
        return None
    return _FIELDS.get(kind) or cast(type[Task] | None, class_of(kind))


def whole_task(task: Task) -> Task:
    """A task as an object of the class that its kind is registered with, which reads its files and runs it."""
    found = cast(type[Task] | None, class_of(task.kind))
    return task if found is None or isinstance(task, found) else found.model_validate(task.model_dump())


def _by_kind(value: Any, info: ValidationInfo) -> Any:
    """A mapping read as its kind's class says; the errors keep their places."""
    if not isinstance(value, dict):
        return value
    kind = value.get("kind", DEFAULT_KIND)
    found = kind_named(kind)
    if found is None:
        known = ", ".join(repr(name) for name in kinds())
        wrong = {"type": "literal_error", "loc": ("kind",), "input": kind, "ctx": {"expected": known}}
        raise ValidationError.from_exception_data("Task", [wrong])  # type: ignore[list-item]
    return found.model_validate(value, context=info.context)


class _AllKinds:
    """The JSON schema of a task: that of each known kind."""

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        known = [kind_named(kind) for kind in kinds()]
        return handler(core_schema.union_schema([each.__pydantic_core_schema__ for each in known if each is not None]))


AnyTask = Annotated[SerializeAsAny[Task], BeforeValidator(_by_kind), _AllKinds()]
