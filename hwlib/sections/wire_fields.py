"""How the wires of a design's network are drawn beyond their widths: straps, tapers, vias, trunks and feeds."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from hwlib.strict_model import StrictModel
from hwlib.text_form import TextForm
from hwlib.units import Quantity, Real, Whole

WireWidth = Annotated[float, Quantity("m", 1e-9, 1e-4)]
MOST_WIDTHS = 16  # of a tapered wire
ACROSS, ALONG = ("drive", "ground"), ("dendrite", "vdw", "weight")  # wires in columns, on m2, and in rows, on m3


def given(fields: StrictModel) -> dict[str, Any]:
    """The fields of a model that are not None."""
    found = {name: getattr(fields, name) for name in type(fields).model_fields}
    return {name: value for name, value in found.items() if value is not None}


class Strap(StrictModel):
    """A second wire above the first, on an upper metal, joined to it by vias.

    Vias stand in the first and the last tile, in every ``pitch``-th between, and where a soma joins a dendrite or a
    drive.
    """

    metal: Annotated[str, TextForm("^m[4-9]$", "m4 to m9")] = Field(
        description="that it runs on, above m3; one metal has one direction"
    )
    pitch: Whole = Field(default=1, ge=1, le=1000, description="tiles from one landing of vias to the next")
    width: WireWidth | None = Field(default=None, description="of the strap; else the process's minimum")
    vias: Whole = Field(default=1, ge=1, le=8, description="side by side along the wire, at every landing")


class Straps(StrictModel):
    """Which wires have straps."""

    drive: Strap | None = Field(default=None, description="beside the axon drives (columns)")
    ground: Strap | None = Field(default=None, description="beside the ground columns")
    dendrite: Strap | None = Field(default=None, description="beside the dendrites (rows)")
    weight: Strap | None = Field(default=None, description="beside the weight rails (rows)")
    vdw: Strap | None = Field(default=None, description="beside the V_DW rows")

    @model_validator(mode="after")
    def _one_direction(self) -> Straps:
        metals = {name: strap.metal for name, strap in self.given().items()}
        for across in ACROSS:
            for along in ALONG:
                if across in metals and metals[across] == metals.get(along):
                    raise ValueError(
                        f"{across} (columns) and {along} (rows) both on {metals[across]}, where they would cross; "
                        "give them two metals"
                    )
        return self

    def given(self) -> dict[str, Strap]:
        """The straps there are, by wire."""
        return given(self)


class Taper(StrictModel):
    """A wire that is as wide as the design says where all of its current passes, and narrower where less does.

    The width falls from tile to tile, in equal steps, as the number of taps beyond does: away from the soma on
    dendrites and drives, away from the feeds on the others.
    """

    narrow: WireWidth = Field(description="width of the last taps")
    steps: Whole = Field(
        default=4, ge=2, le=MOST_WIDTHS, description="different widths, the widest and the narrowest included"
    )


class Tapers(StrictModel):
    """Which wires are tapered, from their width down."""

    drive: Taper | None = Field(default=None, description="the axon drives (columns)")
    ground: Taper | None = Field(default=None, description="the ground columns")
    dendrite: Taper | None = Field(default=None, description="the dendrites (rows)")
    weight: Taper | None = Field(default=None, description="the weight rails (rows)")
    vdw: Taper | None = Field(default=None, description="the V_DW rows")

    def given(self) -> dict[str, Taper]:
        """The tapers there are, by wire."""
        return given(self)


class TileVias(StrictModel):
    """How many vias stand side by side where a device joins its wires."""

    size: Literal["one", "currents"] = Field(
        default="one",
        description="one; currents: as many as the operating point needs by the process's current limits",
    )
    scale: Real = Field(default=1.0, ge=0.01, le=100, description="times the currents")


class Feeds(StrictModel):
    """From which sides nets with trunks are fed; their sources are joined outside the macro."""

    vdw: Literal["both", "west", "east"] = Field(default="both", description="sides with a V_DW trunk")
    weight: Literal["both", "west", "east"] = Field(default="both", description="sides with trunks of the weight rails")
    ground: Literal["both", "south", "north"] = Field(default="both", description="sides with a ground trunk")


class Trunks(StrictModel):
    """How wide trunks are, and how many vias a row or column has on one."""

    size: Literal["wires", "currents"] = Field(
        default="wires",
        description="wires: as wide as all wires that a trunk feeds, shared by its sides; currents: as wide, and with "
        "as many vias, as the operating point needs by the process's current limits",
    )
    scale: Real = Field(
        default=1.0,
        ge=0.01,
        le=100,
        description="times the width, and of currents the vias; from 1 on trunks by currents stand the worst case too",
    )
