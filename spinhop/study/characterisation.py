"""``spinhop characterise``: a design's task against V_DW and temperature, as one table of the macro."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from hwlib.argument_kinds import takes_kinds
from hwlib.design import Design
from hwlib.errors import InputError, shown
from hwlib.quantities import in_si, plain_number
from hwlib.units import Quantity
from spinhop.designs.design_fields import whole_design
from spinhop.run_folder.inputs import read_design
from spinhop.runtime.executor import Advance
from spinhop.study.characterisation_table import Column, Row, write_table
from spinhop.study.number_names import MARGIN, RULES_BROKEN, UNSURE
from spinhop.study.point_evaluation import own_v_dw
from spinhop.study.study_fields import study_of
from spinhop.study.study_store import load_study_results
from spinhop.study.sweep_runner import sweep

SUPPLIES = (0.9, 0.95, 1.0, 1.05, 1.1)  # of the design's own V_DW
_V_DW, _MADE_UP, _TEMPERATURE = "operating_point.v_dw", "compensation.v_dw", "operating_point.temperature"
_CONDITIONS = {
    "v_dw": Column("V", "V_DW applied"), "temperature": Column("K", "of walls that move at random; none: they do not"),
}  # fmt: skip
_FIRST = ("works", UNSURE, RULES_BROKEN, "rest_rate", "time_mean", "time_median", "time_max", "energy_mean",
          "window_low", "window_high")  # fmt: skip
_MOST_POINTS = 10_000
_VOLTS, _KELVIN = Quantity("V", 1e-6, 1e3), Quantity("K", 0, 1000)


@dataclass(frozen=True)
class Characterisation:
    """What a macro does against V_DW and temperature.

    Attributes:
        folder: of the results; ``open_study`` reads all of them.
        files: the table as JSON, CSV and Markdown.
        columns: unit and meaning of each column: ``v_dw``, ``temperature``, then what came of it, under the names of
            the task's result file; ``window_low`` and ``window_high`` are the ends of all neurons' V_DW window.
        rows: values by column, None where there is none; ``own`` says whether it is the design's own operating point,
            ``problem`` why a row has no numbers.
        refused: rows without numbers.
    """

    folder: Path
    files: list[Path]
    columns: dict[str, Column]
    rows: list[Row]
    refused: int


@takes_kinds
def characterise(
    design_path: str | Path, folder: str | Path | None = None, *, v_dw: Sequence[float | str] = (),
    supplies: Sequence[float] = SUPPLIES, temperatures: Sequence[float | str] = (),
    wires: Literal["ideal", "drawn"] = "drawn", trials: int | None = None, workers: int | None = 1,
    scheduler: str | None = None, fresh: bool = False, progress: Advance = lambda done, total: None,
) -> Characterisation:  # fmt: skip
    """Run a design's task at each V_DW and each temperature, and tell time, energy, window and success.

    A table that was stopped goes on. The design's own V_DW is always among the rows, and its temperature where it
    states one; there the numbers are those of ``spinhop run``.

    Args:
        design_path: the design file.
        folder: of results; default ``characterisations/<design name>``.
        v_dw: voltages, V or texts with units; default ``supplies`` × the design's own on these wires.
        supplies: factors on the design's own V_DW, where no voltages are given.
        temperatures: of the walls, K or texts with units; default the design's own.
        wires: drawn and extracted, or ideal.
        trials: of the task, the first so many; default all.
        workers: as of ``spinhop.runtime.executor``.
        scheduler: likewise.
        fresh: forget stored rows.
        progress: called with (rows done, rows).

    Raises:
        InputError: a design with a section ``variation``, values that it does not take, or what ``sweep`` raises.
    """
    design = read_design(Path(design_path), drawn=wires == "drawn")
    if design.variation is not None:
        raise InputError(f"{design_path}: has a section 'variation'; spinhop yield tells what made chips do")
    folder = Path("characterisations") / design.name if folder is None else Path(folder)
    warm = _temperatures(design_path, design, temperatures)
    stated, factors = _in_range(v_dw, "v_dw", _VOLTS), _factors(supplies)
    own = own_v_dw(design, wires)
    volts = sorted({own, *(stated or [own * factor for factor in factors])})
    if len(volts) * len(warm) > _MOST_POINTS:
        raise InputError(f"characterise: {len(volts) * len(warm)} rows, allowed {_MOST_POINTS}")
    points = [(volt, kelvin) for kelvin in warm for volt in volts]
    made_up = wires == "drawn" and design.compensated_v_dw is not None
    field = _MADE_UP if made_up else _V_DW  # which of them the network gets
    axes: dict[str, Any] = {field: [volt for volt, _ in points]}
    if warm != [None]:
        axes[_TEMPERATURE] = [kelvin for _, kelvin in points]
    study = study_of(
        design_path, design.folder, as_run=True, name=design.name, design=Path(design_path).name, wires=wires,
        rules=True, trials=trials, method="list", axes=axes,
    )  # fmt: skip
    done = sweep(study, folder, workers=workers, scheduler=scheduler, fresh=fresh, progress=progress)
    columns, rows = _table(done.folder, field, (own, design.operating_point.temperature))
    files = write_table(done.folder, design, wires, columns, rows)
    return Characterisation(done.folder, files, columns, rows, done.refused)


def _factors(supplies: Sequence[float]) -> list[float]:
    factors = [plain_number(each, "supplies", least=0.01, most=100, of="the design's own V_DW") for each in supplies]
    return _each_once(factors, "supplies")


def _in_range(given: Sequence[float | str], name: str, allowed: Quantity) -> list[float]:
    numbers = [in_si(value, allowed.unit, name) for value in given]
    for value, number in zip(given, numbers, strict=True):
        if not allowed.low <= number <= allowed.high:
            raise InputError(f"{name}: {shown(value)} is outside {allowed.range}")
    return _each_once(numbers, name)


def _each_once(numbers: list[float], name: str) -> list[float]:
    if len(set(numbers)) < len(numbers):
        raise InputError(f"{name}: a value is given twice")
    return numbers


def _temperatures(path: str | Path, design: Design, given: Sequence[float | str]) -> list[float | None]:
    """Ascending, the design's own among them where it states one; None: walls do not move at random."""
    own = design.operating_point.temperature
    found = sorted(set(_in_range(given, "temperature", _KELVIN)) | ({own} if own is not None else set()))
    if not found:
        return [None]
    try:
        whole_design(design, {_TEMPERATURE: found[-1]})
    except ValueError as error:
        raise InputError(f"{path}: operating_point: {str(error).splitlines()[0]}") from None
    return [*found]


def _table(folder: Path, field: str, own: tuple[float, float | None]) -> tuple[dict[str, Column], list[Row]]:
    data = load_study_results(folder)
    names = [str(name) for name in data.data_vars if data[name].dtype.kind == "f" and str(name) != "v_dw"]
    names.sort(key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), name.startswith(MARGIN), name))
    columns = _CONDITIONS | {
        name: Column(str(data[name].attrs["units"]), str(data[name].attrs["long_name"])) for name in names
    }  # fmt: skip
    rows: list[Row] = []
    for k in range(data.sizes["point"]):
        point = data.isel(point=k)
        volts = float(point[field])
        kelvin = float(point[_TEMPERATURE]) if _TEMPERATURE in data else None
        values = {name: _known(float(point[name])) for name in names}
        rows.append({
            "v_dw": volts, "temperature": kelvin, **values, "own": (volts, kelvin) == own,
            "problem": str(point["problem"].values),
        })  # fmt: skip
    return columns, rows


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
