"""The process presets as rows: for a terminal, for machines, and for the page of the documentation."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from hwlib.process import load_process, preset_names


@dataclass(frozen=True)
class MetalRow:
    """A wire of a process.

    Attributes:
        layer: its name here.
        foundry_name: in the process that its numbers are from; None where there is none.
        sheet_resistance: Ω per square.
        thickness, min_width, min_space: m.
        max_current_per_width: A/m of drawn width; None without a limit.
    """

    layer: str
    foundry_name: str | None
    sheet_resistance: float
    thickness: float
    min_width: float
    min_space: float
    max_current_per_width: float | None

    def __str__(self) -> str:
        named = self.layer if self.foundry_name is None else f"{self.layer} = {self.foundry_name}"
        return f"{named} {self.sheet_resistance:g}"


@dataclass(frozen=True)
class PresetRow:
    """A preset: its name, what it is, where its numbers are from, its wires from the lowest up."""

    name: str
    description: str
    source: str
    metals: tuple[MetalRow, ...]

    def data(self) -> dict[str, Any]:
        """For JSON: SI numbers."""
        return asdict(self, dict_factory=_rounded)


def _rounded(items: list[tuple[str, Any]]) -> dict[str, Any]:
    """Twelve digits: 24 nm times 1e-9 is 24e-9, not 2.4000000000000003e-08."""
    return {key: float(f"{value:.12g}") if isinstance(value, float) else value for key, value in items}


def preset_rows() -> list[PresetRow]:
    """All presets that ship, by name."""
    return [_row(name) for name in preset_names()]


def _row(name: str) -> PresetRow:
    process = load_process(name)
    wires = {name: layer for name, layer in process.of_kind("conductor").items() if name != "read"}
    metals = []
    for layer_name, layer in wires.items():
        assert layer.sheet_resistance and layer.min_width and layer.min_space  # conductors have them: validated
        limit = layer.max_current_density
        metals.append(
            MetalRow(
                layer_name, layer.foundry_name, layer.sheet_resistance, layer.thickness, layer.min_width,
                layer.min_space, limit * layer.thickness if limit else None,
            )
        )  # fmt: skip
    return PresetRow(process.name, process.description, process.source or "", tuple(metals))
