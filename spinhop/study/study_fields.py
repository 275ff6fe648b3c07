"""The study file: which design, what of it changes, and how its points are spread."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    PrivateAttr,
    Tag,
    ValidationError,
    model_validator,
)

from hwlib.errors import FieldsError, InputError, cut, shown
from hwlib.field_words import in_words
from hwlib.seeds import LARGEST_SEED
from hwlib.storage.files import inside
from hwlib.storage.model_files import load_model, refused_fields
from hwlib.strict_model import StrictModel
from hwlib.task_kinds import FileName
from hwlib.text_form import PlainName, TextForm
from hwlib.units import Whole

MOST_POINTS = 1_000_000
FieldPath = Annotated[
    str,
    Field(max_length=100),
    TextForm(r"^[a-z][a-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*){0,4}$", "a field's path, such as device.tmr"),
]
Wires = Literal["ideal", "drawn"]
WIRES = "wires"  # the one axis that is no field of the design
Method = Literal["grid", "list", "latin_hypercube", "sobol"]
_MOST_PARTS = 4096  # of a value that is a list


def _plain(value: Any) -> Any:
    """One value of a field as a file has it: a text, a number, yes or no, or a list of them."""
    parts = value if isinstance(value, (list, tuple)) else [value]
    if not 0 < len(parts) <= _MOST_PARTS or not all(isinstance(part, (str, int, float)) for part in parts):
        raise ValueError(f"{shown(value)} is no value of a field: a text, a number, or a list of them")
    return tuple(value) if isinstance(value, list) else value


def _end(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError(f"{shown(value)} is neither a number nor a quantity such as '8 nm'")
    return value


End = Annotated[Any, BeforeValidator(_end)]


class AxisRange(StrictModel):
    """Values of a field from ``low`` to ``high``, both among them."""

    low: End = Field(description="smallest value, with the field's unit")
    high: End = Field(description="largest value")
    count: Whole | None = Field(default=None, ge=2, le=MOST_POINTS, description="how many; of grids and lists")
    spacing: Literal["linear", "log"] = Field(default="linear", description="equal steps, or equal proportions")


def _some(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if not 1 <= len(values) <= MOST_POINTS:
        raise ValueError(f"{len(values)} values, allowed 1 to {MOST_POINTS}")
    return values


def _is_range(value: Any) -> str:
    return "range" if isinstance(value, (dict, AxisRange)) else "values"


AxisValues = Annotated[tuple[Annotated[Any, AfterValidator(_plain)], ...], AfterValidator(_some)]
AxisFields = Annotated[
    Annotated[AxisRange, Tag("range")] | Annotated[AxisValues, Tag("values")], Discriminator(_is_range)
]


class StudyFields(StrictModel):
    """A study: the points at which a design's task is run."""

    name: PlainName = Field(description="of the study and its folder")
    design: FileName = Field(description="design file beside the study, or in a folder beside it")
    wires: Wires = Field(default="ideal", description="perfect wires, or drawn and extracted; may be an axis")
    rules: bool = Field(
        default=False, strict=True, description="judge the operating-point rules too, as drawn also DRC and LVS"
    )  # fmt: skip
    engine: str = Field(default="auto", max_length=40, description="simulation engine")
    trials: Whole | None = Field(default=None, ge=1, le=1_000_000, description="of the task, the first so many")
    method: Method = Field(
        default="grid",
        description="grid: every value of each axis with every other; list: first values, second values, …; "
        "latin_hypercube and sobol: so many points spread over the ranges",
    )  # fmt: skip
    points: Whole | None = Field(default=None, ge=1, le=MOST_POINTS, description="of latin_hypercube and sobol")
    seed: Whole = Field(default=1, ge=0, le=LARGEST_SEED, description="of latin_hypercube and sobol")
    axes: dict[FieldPath, AxisFields] = Field(
        min_length=1, max_length=40,
        description="field of the design by its path → values, or a range; `process.…` is a field of the process",
    )  # fmt: skip
    _folder: Path | None = PrivateAttr(default=None)
    _from_file: bool = PrivateAttr(default=False)
    _as_run: bool = PrivateAttr(default=False)

    @model_validator(mode="after")
    def _counted(self) -> StudyFields:
        drawn = self.method in ("latin_hypercube", "sobol")
        if drawn and self.points is None:
            raise ValueError(f"method {self.method} needs points: how many")
        if not drawn and self.points is not None:
            raise ValueError(f"points: {self.method} has as many as its axes say; leave it out")
        if self.engine == "ideal" and self.wires == "drawn" and WIRES not in self.axes:
            why = "'ideal' simulates perfect wires alone; give wires ideal, or engine auto"
            raise FieldsError([(("engine",), why)])
        return self

    @property
    def draws(self) -> bool:
        """Whether some point is drawn."""
        return self.wires == "drawn" or WIRES in self.axes

    @property
    def from_file(self) -> bool:
        """Whether its values are those of a file, where quantities need their units."""
        return self._from_file

    @property
    def as_run(self) -> bool:
        """Whether trials are simulated to the tolerance of ``spinhop run``, not to the engines' own."""
        return self._as_run

    @property
    def folder(self) -> Path:
        """Where the path of the design starts: the study file's folder, or the working folder."""
        return self._folder or Path.cwd()

    @property
    def design_path(self) -> Path:
        """The design file: in the study's folder, or in one beside it (``../designs/one.yaml``).

        Raises:
            InputError: a path that leads elsewhere.
        """
        if not self.design.startswith("../"):
            return inside(self.folder, self.design, "design")
        with suppress(InputError):
            return inside(self.folder.resolve().parent, self.design.removeprefix("../"), "design")
        raise InputError(
            f"design: path {shown(self.design)} leaves its folder; give a relative path inside it or a folder beside it"
        )


def study_of(where: object, folder: Path, *, as_run: bool = False, **fields: Any) -> StudyFields:
    """A study whose fields a user gave otherwise than in a file.

    Args:
        where: named in messages.
        folder: as of ``StudyFields.folder``.
        as_run: as of ``StudyFields.as_run``.
        fields: of the study.

    Raises:
        InputError: one line with the field.
    """
    try:
        study = StudyFields.model_validate(fields)
        study._folder, study._as_run = folder, as_run
        return study
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise InputError(f"{where}: {cut(field, 60)}: {in_words(first, StudyFields)}") from None


def load_study(path: str | Path) -> StudyFields:
    """Read a study file; the design is not read yet.

    Raises:
        InputError: a line per error with file, line, field, what was found and what is allowed.
    """
    path = Path(path)
    study = load_model(path, StudyFields, "study")
    study._folder, study._from_file = path.resolve().parent, True
    from sim.engines import check_name

    for field, look in (("engine", lambda: check_name(study.engine)), ("design", lambda: study.design_path)):
        try:
            look()
        except InputError as error:
            named = FieldsError([((field,), str(error).removeprefix(f"{field}: "))])
            raise refused_fields(path, named, "study") from None
    return study
