"""A kind of tasks from outside the package, in one file: do the neurons that are loaded ON stay ON?"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
import xarray as xr
from pydantic import Field

from hwlib.design import Design
from hwlib.network import Network
from sim.protocol import Protocol
from sim.tasks.kinds import Measure, RunTask, add_cases


class Stay(RunTask):
    """Loads one neuron after the other as the only one that is OFF."""

    title: ClassVar[str] = "Staying ON"
    measure: ClassVar[str] = "stayed"
    measure_label: ClassVar[str] = "neurons that stayed"
    required_field: ClassVar[str] = "required_stay"
    numbers: ClassVar[tuple[Measure, ...]] = (
        Measure("stayed_mean", "stayed ON", "share", "mean share of loaded neurons that are ON in the end"),
    )
    columns: ClassVar[tuple[Measure, ...]] = (
        Measure("off", "OFF at first", "whole", "the neuron that is loaded OFF"),
        Measure("stayed", "stayed ON", "share", "share of the others that are ON in the end"),
    )

    kind: Literal["stay"]
    trials: int = Field(default=2, ge=1, description="neurons to load OFF, one after the other")
    required_stay: float = Field(default=0.0, ge=0, le=1, description="mean share that must stay")

    def start_bits(self, design: Design, trials: int | None = None) -> np.ndarray:
        """All ON but one."""
        count = self.trials if trials is None else trials
        return (np.arange(design.network.neurons) != np.arange(count)[:, None]).astype(np.int8)

    def score(self, result: xr.Dataset, design: Design, network: Network, point: Protocol) -> None:
        """Count what is ON where it was loaded ON."""
        loaded = self.start_bits(design, result.sizes["trial"]) == 1
        stayed = ((result["state"].values == 1) & loaded).sum(axis=1) / loaded.sum(axis=1)
        result["stayed"] = ("trial", stayed, {"units": "1", "long_name": "share that stayed"})
        result["stayed_mean"] = ((), float(stayed.mean()), self.numbers[0].attributes)
        add_cases(result, self.columns, [{"off": k, "stayed": float(share)} for k, share in enumerate(stayed)])
