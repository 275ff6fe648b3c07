"""What a design says of its topology."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from hwlib import topology as topologies
from hwlib.errors import shown
from hwlib.strict_model import StrictModel
from hwlib.task_kinds import FileName
from hwlib.units import Whole


def _known_topology(name: str) -> str:
    if name not in topologies.TOPOLOGIES:
        raise ValueError(f"found {shown(name)}, allowed: {', '.join(sorted(topologies.TOPOLOGIES))}")
    return name


class TopologyFields(StrictModel):
    """Which neurons drive which: a kind, a list of axons, or a graph file."""

    kind: Annotated[str, AfterValidator(_known_topology)] = Field(
        default=topologies.ALL_TO_ALL,
        description="every neuron drives every other",
        json_schema_extra={"enum": list(topologies.TOPOLOGIES)},
    )
    axons: tuple[tuple[Whole, Whole], ...] | None = Field(
        default=None,
        min_length=1,
        description="instead of a kind: pairs, from the neuron that drives to the driven one; they count from 0",
    )
    graph: FileName | None = Field(
        default=None,
        description="instead: a graph file beside the design, in a format that max-cut reads; nodes are neurons, an "
        "edge is an axon each way, a directed one from the neuron that drives; weights other than 0 do not count",
    )

    @model_validator(mode="after")
    def _one(self) -> TopologyFields:
        given = [name for name in type(self).model_fields if name in self.model_fields_set and getattr(self, name)]
        if len(given) > 1:
            raise ValueError(f"give one of {', '.join(type(self).model_fields)}, found {', '.join(given)}")
        return self

    @model_serializer(mode="wrap")
    def _one_written(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without the default kind where something else was given, so that it can be read again."""
        fields: dict[str, Any] = write(self)
        if self.axons is not None or self.graph is not None:
            fields.pop("kind", None)
        return fields

    def topology(self, neurons: int) -> topologies.Topology:
        """Of a number of neurons, where no file says it."""
        if self.axons is None:
            return topologies.of_name(self.kind, neurons)
        return topologies.of_edges(self.axons, neurons)
