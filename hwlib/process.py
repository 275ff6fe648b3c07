"""The fabrication process: layers, materials, design rules and limits, read from one YAML file.

Everything that knows a number of the process (cells, layer stack, DRC, LVS, extraction, SPICE) takes it from here.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from hwlib.argument_kinds import takes_kinds
from hwlib.errors import FieldsError, InputError, Problem, shown
from hwlib.metal_resistance import largest_coefficient
from hwlib.storage.model_files import load_model
from hwlib.strict_model import StrictModel
from hwlib.text_form import PlainName, TextForm
from hwlib.units import Quantity, Real, Whole

GdsInteger = Annotated[Whole, Field(ge=0, le=65535)]
GdsNumber = tuple[GdsInteger, GdsInteger]
Size = Annotated[float, Quantity("m", 1e-10, 1e-3)]
SizeOrNone = Annotated[float, Quantity("m", 0, 1e-3, smallest=1e-11)]
# Names of processes and layers stand in scripts that KLayout runs, in lists, and in file names.
_NAME, _LAYER_NAME = "[A-Za-z][A-Za-z0-9_-]{0,63}", "[A-Za-z][A-Za-z0-9_]{0,31}"


class Layer(StrictModel):
    """One drawn layer.

    ``conductor`` layers carry current in the plane, ``via`` layers join two of them, ``device`` layers (track,
    pillar) make the DW-MTJ, ``marker`` layers are drawn information.
    """

    kind: Literal["conductor", "via", "device", "marker"]
    gds: GdsNumber
    label: GdsNumber | None = Field(default=None, description="layer of pin names of a conductor")
    color: Annotated[str, TextForm("^#[0-9a-fA-F]{6}$", "red, green and blue, such as '#8899aa'")] = "#888888"
    bottom: Annotated[float, Quantity("m", -1e-3, 1e-3, smallest=1e-11)] = 0.0
    thickness: SizeOrNone = 0.0
    sheet_resistance: Annotated[float, Quantity("ohm", 1e-6, 1e9)] | None = Field(
        default=None, description="ohm per square"
    )
    contact_resistance: Annotated[float, Quantity("ohm*m^2", 1e-20, 1e-6)] | None = Field(
        default=None, description="vias: ohm × area"
    )
    connects: tuple[str, str] | None = Field(default=None, description="vias: lower and upper layer")
    size: Size | None = Field(default=None, description="vias: the one allowed edge length")
    min_width: Size | None = None
    min_space: Size | None = None
    min_area: Annotated[float, Quantity("m^2", 1e-20, 1e-6)] | None = None
    min_density: Real | None = Field(default=None, ge=1e-6, lt=1)
    max_current_density: Annotated[float, Quantity("A/m^2", 1, 1e16)] | None = None
    temperature_coefficient: Real = Field(
        default=0.0, ge=0, le=0.01,
        description="1/K: change of sheet or contact resistance over its value, at the process's reference_temperature",
    )  # fmt: skip
    debye_temperature: Annotated[float, Quantity("K", 50, 3000)] = Field(
        default=343.0, description="of the metal (copper 343 K, aluminium 428 K): the law below and above"
    )
    foundry_name: str | None = Field(default=None, description="of this layer in the process that its numbers are from")
    sources: dict[str, str] = Field(default={}, description="field, or `all` → where its number is from")

    @model_validator(mode="after")
    def _fields_with_sources(self) -> Layer:
        if unknown := [name for name in self.sources if name != "all" and name not in type(self).model_fields]:
            raise ValueError(f"sources: no field {shown(unknown[0])}; allowed: all, or a layer's field")
        return self

    @model_validator(mode="after")
    def _complete(self) -> Layer:
        needed = {
            "conductor": ("sheet_resistance", "label", "min_width", "min_space"),
            "via": ("contact_resistance", "connects", "size", "min_space"),
        }.get(self.kind, ())
        missing = [name for name in needed if getattr(self, name) is None]
        if missing:
            raise ValueError(f"a {self.kind} layer needs {', '.join(missing)}")
        return self


_SOURCE = Field(default=None, description="where the number is from")


class Enclosure(StrictModel):
    """``outer`` must surround ``inner`` by ``margin`` on every side (0 = cover)."""

    outer: str
    inner: str
    margin: SizeOrNone
    source: str | None = _SOURCE


class Separation(StrictModel):
    """Shapes of two layers that do not touch must keep ``space``."""

    first: str
    second: str
    space: Size
    source: str | None = _SOURCE


class Extension(StrictModel):
    """``layer`` must reach ``by`` beyond every shape of ``past``, on two opposite sides of it."""

    layer: str
    past: str
    by: Size
    source: str | None = _SOURCE


class Overlap(StrictModel):
    """Every shape of ``first`` must overlap ``second``, over at least ``width`` in both directions."""

    first: str
    second: str
    width: Size
    source: str | None = _SOURCE


class Process(StrictModel):
    """A process: its layers by name and the rules between them."""

    name: PlainName
    description: str
    source: str | None = Field(default=None, description="where the numbers are from, in a line")
    documents: dict[str, str] = Field(default={}, description="word that a source begins with → the document it means")
    grid: Annotated[float, Quantity("m", 1e-10, 1e-6)] = Field(default=1e-9, description="manufacturing grid")
    permittivity: Real = Field(ge=1, le=10_000, description="relative, of the dielectric between the wires")
    reference_temperature: Annotated[float, Quantity("K", 1, 1000)] = Field(
        default=300.0, description="at which its resistances hold"
    )
    layers: dict[str, Layer]
    enclosures: tuple[Enclosure, ...] = ()
    separations: tuple[Separation, ...] = ()
    extensions: tuple[Extension, ...] = ()
    overlaps: tuple[Overlap, ...] = ()

    @model_validator(mode="after")
    def _known_layers(self) -> Process:
        wrong: list[Problem] = []
        if missing := [name for name in REQUIRED_LAYERS if name not in self.layers]:
            wrong.append((("layers",), f"layers missing: {', '.join(missing)}"))
        track = self.layers.get("track")
        if track is not None and not (track.sheet_resistance and track.thickness):
            wrong.append((("layers", "track"), "layer track needs sheet_resistance and thickness"))
        wrong += [*self._steep_layers(), *self._bad_names(), *self._unknown_names(), *self._upside_down_vias()]
        wrong += self._stack_problems()
        wrong += [*self._repeated_numbers(), *self._sizes_off_grid(), *self._rules_that_none_keeps()]
        if wrong:
            raise FieldsError(wrong)
        return self

    def _steep_layers(self) -> Iterator[Problem]:
        for name, layer in self.layers.items():
            most = largest_coefficient(layer.debye_temperature, self.reference_temperature)
            if layer.temperature_coefficient > most:
                yield (
                    ("layers", name, "temperature_coefficient"),
                    f"{layer.temperature_coefficient:.4g}, at most {most:.4g} (pure metal): none would be left at 0 K",
                )

    def _sizes_off_grid(self) -> Iterator[Problem]:
        """Of vias, the one size that they may have: widths and spaces are only rounded up to the grid."""
        for name, layer in self.layers.items():
            steps = (layer.size or 0.0) / self.grid
            if abs(steps - round(steps)) > 1e-3:
                size, grid = (f"{length * 1e9:.6g} nm" for length in (layer.size or 0.0, self.grid))
                yield ("layers", name, "size"), f"{size} is off the process's grid of {grid}: no via could be drawn so"

    def _rules_that_none_keeps(self) -> Iterator[Problem]:
        """Between a layer and itself, and of two layers that enclose each other."""
        for rules, ends in _RULE_ENDS.items():
            for k, rule in enumerate(getattr(self, rules)):
                one, other = (getattr(rule, end) for end in ends)
                if one == other:
                    yield (rules, k, ends[1]), f"a rule is between two layers, found {shown(one)} and itself"
        for k, rule in enumerate(self.enclosures):
            turned = (rule.inner, rule.outer)
            before = [(r.outer, r.inner) for r in self.enclosures[:k]]
            if rule.outer != rule.inner and turned in before and rule.margin + self.enclosure(*turned) > 0:
                yield ("enclosures", k), f"{rule.inner} encloses {rule.outer} too: no shapes can be so"

    def check_names(self) -> None:
        """Refuse names that a script or a list could take for something else; writers of such files ask once more.

        Raises:
            ValueError: saying which name, and what is allowed.
        """
        if not re.fullmatch(_NAME, self.name):
            raise ValueError(f"name: letters, digits, - and _, found {shown(self.name)}")
        if wrong := list(self._bad_names()):
            raise FieldsError(wrong)

    def _bad_names(self) -> Iterator[Problem]:
        seen: dict[str, str] = {}
        for name in self.layers:
            path = ("layers", name)
            if not re.fullmatch(_LAYER_NAME, name):
                allowed = "a layer's name is a letter and up to 31 letters, digits and underscores"
                yield path, f"{allowed}, found {shown(name)}"
            if name.lower() in seen:
                yield path, f"layers {seen[name.lower()]} and {name} differ in capitals alone"
            seen[name.lower()] = name

    def _unknown_names(self) -> Iterator[Problem]:
        named: list[tuple[tuple[str | int, ...], str]] = [
            ((rules, k, end), getattr(rule, end))
            for rules, ends in _RULE_ENDS.items()
            for k, rule in enumerate(getattr(self, rules))
            for end in ends
        ]
        named += [
            (("layers", name, "connects", k), end)
            for name, layer in self.layers.items()
            for k, end in enumerate(layer.connects or ())
        ]
        for path, name in named:
            if name not in self.layers:
                yield path, f"unknown layer {shown(name)}"

    def _upside_down_vias(self) -> Iterator[Problem]:
        for name, layer in self.layers.items():
            low, high = (self.layers.get(end) for end in layer.connects or ("", ""))
            if low is None or high is None:
                continue
            if low is high or low.bottom > high.bottom:
                found = ", ".join(layer.connects or ())
                yield ("layers", name, "connects"), f"a lower layer and another above it, found [{found}]"

    def _stack_problems(self) -> Iterator[Problem]:
        """Conductors that share a height: no capacitance is known between them; and those without one that need it."""
        wires = sorted(self.of_kind("conductor").items(), key=lambda named: named[1].bottom)
        for (low, below), (name, layer) in itertools.pairwise(wires):
            if layer.bottom <= below.bottom + below.thickness:
                yield ("layers", name, "bottom"), f"a conductor begins above the top of the one below it, {low}"
        for name, layer in wires:
            if layer.max_current_density and not layer.thickness:
                yield ("layers", name, "thickness"), "a layer with max_current_density needs one above 0"

    def _repeated_numbers(self) -> Iterator[Problem]:
        known: dict[GdsNumber, str] = {}
        for name, layer in self.layers.items():
            for field in ("gds", "label"):
                number = getattr(layer, field)
                if number in known:
                    yield ("layers", name, field), f"layer {known[number]} has the same GDS number {number}"
                elif number is not None:
                    known[number] = name

    def enclosure(self, outer: str, inner: str) -> float:
        """Margin in m by which ``outer`` must surround ``inner``; 0 when no rule says more."""
        return max((r.margin for r in self.enclosures if (r.outer, r.inner) == (outer, inner)), default=0.0)

    def separation(self, first: str, second: str) -> float:
        """Required distance in m between shapes of two layers; 0 when no rule says more."""
        pair = {first, second}
        return max((r.space for r in self.separations if {r.first, r.second} == pair), default=0.0)

    def extension(self, layer: str, past: str) -> float:
        """Length in m by which ``layer`` must reach beyond ``past`` on two sides; 0 when no rule says more."""
        return max((r.by for r in self.extensions if (r.layer, r.past) == (layer, past)), default=0.0)

    def overlap(self, first: str, second: str) -> float:
        """Required width in m of the overlap of ``first`` with ``second``; 0 when no rule says more."""
        return max((r.width for r in self.overlaps if (r.first, r.second) == (first, second)), default=0.0)

    @property
    def track_sheet_resistance(self) -> float:
        """Sheet resistance of the domain-wall track in Ω per square."""
        sheet = self.layers["track"].sheet_resistance
        assert sheet is not None  # validated on reading
        return sheet

    def of_kind(self, kind: str) -> dict[str, Layer]:
        """Layers of one kind, by name, bottom to top as in the file."""
        return {name: layer for name, layer in self.layers.items() if layer.kind == kind}


_RULE_ENDS = {
    "enclosures": ("outer", "inner"), "separations": ("first", "second"), "extensions": ("layer", "past"),
    "overlaps": ("first", "second"),
}  # fmt: skip
REQUIRED_LAYERS = (
    "track", "pin", "read", "pillar", "outline",
    "vt", "vr", "m1", "v1", "m2", "v2", "m3",
)  # fmt: skip


def preset_names() -> list[str]:
    """Names of the processes that ship with the library."""
    return sorted(p.name.removesuffix(".yaml") for p in resources.files("hwlib").joinpath("processes").iterdir())


def preset_text(name: str) -> str:
    """The process file of a preset as it ships, with its comments.

    Raises:
        InputError: unknown name.
    """
    if name not in preset_names():
        raise InputError(f"process: unknown preset {shown(name)}; allowed: {', '.join(preset_names())}")
    return resources.files("hwlib").joinpath("processes", f"{name}.yaml").read_text(encoding="utf-8")


@lru_cache(maxsize=8)
def _preset(name: str) -> Process:
    with resources.as_file(resources.files("hwlib").joinpath("processes", f"{name}.yaml")) as path:
        return load_model(path, Process, "process")


@takes_kinds
def load_process(name_or_path: str | Path) -> Process:
    """Return a shipped process by name, or one read from a YAML file.

    Raises:
        InputError: unknown name, missing or invalid file.
    """
    name_or_path = str(name_or_path)
    if name_or_path in preset_names():
        return _preset(name_or_path)
    if not name_or_path.endswith((".yaml", ".yml")):
        raise InputError(
            f"process: unknown preset {shown(name_or_path)}; allowed: {', '.join(preset_names())}, or a .yaml file"
        )
    return load_model(Path(name_or_path), Process, "process")
