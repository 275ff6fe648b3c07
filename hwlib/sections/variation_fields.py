"""The ``variation`` section of a design file: how the devices and wires of made chips differ, and what is broken."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from hwlib.errors import FieldsError, shown
from hwlib.sections.typical_spreads import TYPICAL, named_spreads
from hwlib.seeds import LARGEST_SEED
from hwlib.strict_model import StrictModel
from hwlib.units import Quantity, Real, Whole

Share = Annotated[Real, Field(ge=0, le=1)]
Probability = Annotated[Real, Field(ge=0, le=0.5)]
Source = Annotated[str, Field(min_length=3, max_length=200)]


class Correlated(StrictModel):
    """How much of a spread's variance is common, and to what; the rest differs from device to device.

    Normal scores add: one of the die, one of each row, and a field over the layout with correlation
    exp(−(|Δx| + |Δy|)/length).
    """

    distribution: Literal["lognormal", "normal", "uniform"] = Field(
        default="lognormal", description="of the factor on the nominal value; lognormal: its median is 1"
    )
    truncate: Real | None = Field(
        default=None, gt=0, le=8, description="in standard deviations, both sides; a normal one needs it"
    )
    die: Share = Field(default=0.0, description="share of the variance that a whole chip has in common")
    row: Share = Field(default=0.0, description="share that the devices of one dendrite have in common")
    neighbourhood: Share = Field(default=0.0, description="share that neighbours have in common, by their distance")
    length: Annotated[float, Quantity("m", 1e-9, 1e-2)] = Field(
        default=1e-6, description="over which neighbours become independent"
    )
    source: Source | None = Field(default=None, description="where the numbers are from")

    @model_validator(mode="after")
    def _shares(self) -> Correlated:
        total = self.die + self.row + self.neighbourhood
        if total > 1 + 1e-9:
            raise ValueError(f"die, row and neighbourhood: shares of one variance, their sum is {total:.6g}")
        return self

    @property
    def reach(self) -> float:
        """Farthest value from the nominal one, in standard deviations of the distribution before it is cut."""
        return math.sqrt(3) if self.distribution == "uniform" else self.truncate or math.inf


class FactorSpread(Correlated):
    """Spread of a positive quantity about its nominal value."""

    sigma: Real = Field(
        ge=0, le=2, description="standard deviation over the nominal value; lognormal: of the logarithm"
    )

    @model_validator(mode="after")
    def _positive(self) -> FactorSpread:
        if self.distribution != "lognormal" and self.sigma * self.reach >= 1:
            how = "never ends: give truncate" if math.isinf(self.reach) else f"reaches {self.sigma * self.reach:.4g}"
            raise ValueError(
                f"a {self.distribution} one {how}; values of 0 or less must not come up, or take lognormal"
            )
        return self


class PlaceSpread(Correlated):
    """Spread of a place on the track; the pillar must stay between the track's contacts."""

    distribution: Literal["normal", "uniform"] = Field(default="normal", description="of the displacement")
    truncate: Real | None = Field(default=3.0, gt=0, le=8, description="in standard deviations, both sides")
    sigma: Annotated[float, Quantity("m", 0, 1e-6, smallest=1e-12)] = Field(description="standard deviation")


def _or_named(schema: dict[str, Any]) -> None:
    """Lets a file name a spread."""
    schema["anyOf"] = [*schema.get("anyOf", []), {"const": TYPICAL}]


def _spread(description: str) -> Any:
    return Field(default=None, description=description, json_schema_extra=_or_named)


class DeviceSpreads(StrictModel):
    """Spreads of devices and wires; what is not given does not vary, ``typical`` is as in ``typical_spreads``."""

    resistance_area: FactorSpread | None = _spread("RA: R_P and R_AP go with it")
    tmr: FactorSpread | None = _spread("(R_AP − R_P)/R_P; R_P stays")
    saturation_magnetization: FactorSpread | None = _spread("M_s; mobility ∝ 1/M_s")
    leak: FactorSpread | None = _spread("leak velocity, its sign stays")
    width: FactorSpread | None = _spread("of track and pillar: A ∝ w; mobility, R_M, R_P ∝ 1/w")
    thickness: FactorSpread | None = _spread("of the track: A ∝ t; mobility and R_M ∝ 1/t")
    pillar_place: PlaceSpread | None = _spread("pillar centre along the track")
    sheet_resistance: FactorSpread | None = _spread("wires: die and, the rest, each piece; as drawn")
    via_resistance: FactorSpread | None = _spread("vias: die and, the rest, each; as drawn")

    @model_validator(mode="before")
    @classmethod
    def _named(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        words = {k: v for k, v in given.items() if isinstance(v, str) and v != TYPICAL and k in cls.model_fields}
        if wrong := [((k,), f"{shown(v)}, allowed: {TYPICAL}, or sigma and more") for k, v in words.items()]:
            raise FieldsError(wrong)
        return named_spreads(given)

    @model_validator(mode="after")
    def _wires(self) -> DeviceSpreads:
        for name in ("sheet_resistance", "via_resistance"):
            spread = getattr(self, name)
            if spread is not None and spread.row + spread.neighbourhood > 0:
                raise FieldsError([((name,), "wires have no row and neighbourhood in common: die alone")])
        return self


class Defects(StrictModel):
    """Probability that a device or a piece of wire is broken."""

    stuck_off: Probability = Field(default=0.0, description="a wall that stays at the OFF end")
    stuck_on: Probability = Field(default=0.0, description="a wall that goes to the ON end at once, and stays")
    shorted_pillars: Probability = Field(default=0.0, description="a pillar of short_resistance")
    open_pillars: Probability = Field(default=0.0, description="a pillar of open_resistance")
    broken_wires: Probability = Field(default=0.0, description="a piece of wire of open_resistance; as drawn")
    short_resistance: Annotated[float, Quantity("ohm", 0.1, 1e4)] = Field(default=10.0, description="of a short")
    open_resistance: Annotated[float, Quantity("ohm", 1e5, 1e12)] = Field(default=1e9, description="of an open")


class VariationFields(StrictModel):
    """How made chips differ from the drawn design, for `spinhop sweep` and `spinhop yield`."""

    seed: Whole = Field(default=1, ge=0, le=LARGEST_SEED, description="of all chips")
    chip: Whole = Field(default=0, ge=0, le=2**31 - 1, description="which chip: the same number is the same chip")
    spreads: DeviceSpreads = DeviceSpreads()
    defects: Defects = Defects()
    trim_v_dw: bool = Field(
        default=False, strict=True,
        description="V_DW auto is the centre of each chip's own window, not of the nominal network's",
    )  # fmt: skip
