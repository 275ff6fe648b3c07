"""What a design says of its network: size, topology, floorplan, wires and weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from hwlib.errors import shown
from hwlib.sections.topology_fields import TopologyFields
from hwlib.sections.weight_fields import Weights
from hwlib.sections.wire_fields import Feeds, Straps, Tapers, TileVias, Trunks, WireWidth
from hwlib.strict_model import StrictModel
from hwlib.units import Whole
from hwlib.weight_styles import MAX_NEURONS, RAILS, WEIGHT_STYLES

MAX_BLOCKS = 64  # a trunk for every rail of each


def _known_style(name: str) -> str:
    if name not in WEIGHT_STYLES:
        raise ValueError(f"found {shown(name)}, allowed: {', '.join(sorted(WEIGHT_STYLES))}")
    return name


def _without_default(schema: dict[str, Any]) -> None:
    del schema["default"]


class NetworkFields(StrictModel):
    """Size, topology, floorplan and wires."""

    neurons: Whole = Field(
        default=0, ge=2, le=MAX_NEURONS, json_schema_extra=_without_default,  # 0: not given
        description="N; may be left out where the task's files or a graph of axons say it",
    )  # fmt: skip
    topology: TopologyFields = TopologyFields()
    weight_style: Annotated[str, AfterValidator(_known_style)] = Field(
        default=RAILS.name,
        description="; ".join(f"{x.name}: {x.meaning}" for x in WEIGHT_STYLES.values()),
        json_schema_extra={"enum": list(WEIGHT_STYLES)},
    )
    soma_placement: Literal["diagonal", "centred"] = Field(
        default="diagonal", description="where a soma joins its dendrite and drive: its own cell, or their middle"
    )
    soma_places: tuple[Whole, ...] | None = Field(
        default=None, min_length=1,
        description="instead: by neuron, the column of the drawing in which its soma joins its dendrite, and the row "
        "in which it joins its drive; they count from 0",
    )  # fmt: skip
    order: tuple[Whole, ...] | None = Field(
        default=None, min_length=1,
        description="the neurons as they stand in the drawing, rows from below, columns from the left; else 0, 1, 2 …",
    )  # fmt: skip
    dendrite_width: WireWidth | None = Field(default=None, description="of the wire; else the process's minimum")
    drive_width: WireWidth | None = Field(default=None, description="of the wire; else the process's minimum")
    ground_width: WireWidth | None = Field(default=None, description="of the wire; else the process's minimum")
    weight_width: WireWidth | None = Field(default=None, description="of weight rails or lines, likewise")
    vdw_width: WireWidth | None = Field(default=None, description="of the wire; else the process's minimum")
    tapers: Tapers = Tapers()
    rail_blocks: Whole = Field(
        default=1, ge=1, le=MAX_BLOCKS,
        description="blocks of neighbouring rows; each has weight rails of its own, with their own voltages",
    )  # fmt: skip
    straps: Straps = Straps()
    tile_vias: TileVias = TileVias()
    feeds: Feeds = Feeds()
    trunks: Trunks = Trunks()
    weights: Weights = Weights(random_patterns=1)

    @model_validator(mode="after")
    def _lines_fit(self) -> NetworkFields:
        if too_large := style_problem(self.weight_style, self.neurons):
            raise ValueError(too_large)
        style = WEIGHT_STYLES[self.weight_style]
        for field, kinds in (("straps", self.straps), ("tapers", self.tapers)):
            if kinds.weight is not None and not style.whole_rows:
                raise ValueError(
                    f"{field}.weight: weight_style {style.name} has no wires through whole rows; use {RAILS.name}"
                )
        if self.rail_blocks > 1 and not style.whole_rows:
            raise ValueError(f"rail_blocks: weight_style {style.name} has no rails; use {RAILS.name}")
        return self

    @model_validator(mode="after")
    def _tapers_narrow(self) -> NetworkFields:
        for wire, taper in self.tapers.given().items():
            widest = getattr(self, f"{wire}_width")
            if widest is None:
                raise ValueError(f"tapers.{wire}: give {wire}_width, its widest")
            if taper.narrow >= widest:
                raise ValueError(
                    f"tapers.{wire}.narrow: {taper.narrow * 1e9:.6g} nm, allowed: less than {wire}_width, "
                    f"{widest * 1e9:.6g} nm"
                )
        return self


def place_problems(network: NetworkFields) -> Iterator[tuple[str, str]]:
    """What is wrong with the places of neurons in the drawing: field and message."""
    n, order, places = network.neurons, network.order, network.soma_places
    if network.rail_blocks > n:
        yield "rail_blocks", f"{network.rail_blocks} blocks, but {n} rows"
    if order is not None and sorted(order) != list(range(n)):
        odd = next((k for k in order if not 0 <= k < n or order.count(k) > 1), None)
        found = f"{len(order)} of {n}" if odd is None else f"{shown(odd)}"
        yield "order", f"each neuron from 0 to {n - 1} once, found {found}"
    if places is not None:
        if len(places) != n:
            yield "soma_places", f"{len(places)} places, a network of {n} neurons needs {n}"
        for k in [k for k in places if not 0 <= k < n][:1]:
            yield "soma_places", f"{shown(k)} is no row or column, allowed: 0 to {n - 1}"


def style_problem(weight_style: str, neurons: int) -> str:
    """Why a weight style cannot have so many neurons; empty when it can."""
    style = WEIGHT_STYLES[weight_style]
    if neurons <= style.most_neurons:
        return ""
    limit = f"limited to {style.most_neurons} neurons ({style.why})"
    return f"weight_style {style.name} is {limit}, found {neurons}; use {RAILS.name}"
