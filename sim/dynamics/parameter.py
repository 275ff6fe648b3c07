"""Numbers of every device that laws of wall motion need."""

from __future__ import annotations

from dataclasses import dataclass

from hwlib.quantities import human


@dataclass(frozen=True)
class Parameter:
    """A number of every device that a law needs.

    Attributes:
        name: in the design's ``device.dynamics.parameters`` and in the network file.
        unit: SI; ``1``: a plain number.
        low, high: the range, both allowed.
        default: in that unit, and where it comes from: ``source``.
        meaning: in a few words.
        of_device: the design's ``device`` says it (its field of that name), not the parameters.
    """

    name: str
    unit: str
    low: float
    high: float
    default: float
    meaning: str
    source: str
    of_device: bool = False

    def written(self, value: float, digits: int = 12) -> float | str:
        """The value as a design file holds it."""
        return value if self.unit == "1" else human(value, self.unit, digits)

    @property
    def range(self) -> str:
        """The range as a person writes it."""
        return f"{self.written(self.low, 4)} to {self.written(self.high, 4)}"


DAMPING = Parameter(
    "damping", "1", 1e-4, 1.0, 0.01, "Gilbert damping α",
    "CoFeB/MgO, 0.005 to 0.02: Ikeda et al., Nat. Mater. 9, 721 (2010)",
)  # fmt: skip
WALL_WIDTH = Parameter(
    "wall_width", "m", 1e-9, 1e-7, 8e-9, "Δ, √(A_ex/K_eff)",
    "5 to 10 nm, with A_ex of 10 to 20 pJ/m and K_eff of 0.2 to 0.4 MJ/m³",
)  # fmt: skip
