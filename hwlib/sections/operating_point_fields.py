"""The ``operating_point`` section of a design file: voltages, leaks, the load phase and the temperature."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from hwlib.errors import FieldsError
from hwlib.sections.weight_fields import MAX_V_DW, MAX_VOLTAGE
from hwlib.strict_model import StrictModel
from hwlib.units import Quantity


class OperatingPoint(StrictModel):
    """Voltages, leaks and the load phase. Defaults are Table I."""

    v_dw: Annotated[float | str, Quantity("V", 1e-6, MAX_V_DW, words=("auto", "eq4"))] = Field(
        default="auto",
        description=("auto: centre of the window that the network's wires leave; eq4: the paper's eq. (4); or volts"),
    )
    v_charge: Annotated[float, Quantity("V", 1e-6, MAX_VOLTAGE)] = Field(default=0.1, description="V_C; Table I")
    weight: Annotated[float, Quantity("V", 1e-6, MAX_VOLTAGE)] = Field(default=0.1, description="W; Table I")
    axon_leak: Annotated[float, Quantity("m/s", -1e4, -1e-6)] = Field(
        default=-5.0, description="toward OFF; Table I, L_SYN"
    )
    soma_leak: Annotated[float, Quantity("m/s", -1e4, 1e4, smallest=1e-6)] = Field(
        default=0.2, description="+ moves toward ON; Table I, L_AXON"
    )
    load: Annotated[float | str, Quantity("s", 1e-12, 1e-3, words=("rest",))] = Field(
        default="rest",
        description="load phase: until every wall rests, or a time (paper: 16 ns)",
    )
    rails_while_loading: Literal["floating", "grounded"] = Field(
        default="floating", description="weight rails or lines during the load phase: sources open, or at 0 V"
    )
    temperature: Annotated[float, Quantity("K", 0, 1000, smallest=1e-3)] | None = Field(
        default=None, description="of the walls, which then move at random; trials have a fixed time. Default: no noise"
    )

    @model_validator(mode="after")
    def _loads_for_a_time(self) -> OperatingPoint:
        if self.temperature is not None and self.load == "rest":
            raise FieldsError([(("load",), "with a temperature no wall rests; give the load a time, such as '16 ns'")])
        return self
