"""Which law moves the walls, as design and network files carry it: a name, and parameters that only the law knows.

What the parameters mean is for ``sim.dynamics`` to say; here they are texts with units, or arrays of the devices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, Field

from hwlib.errors import InputError, shown
from hwlib.quantities import parse_si, refuse_masked
from hwlib.registry import Registry
from hwlib.storage.array_files import ArrayVariable
from hwlib.strict_model import StrictModel
from hwlib.text_form import TextForm

DEFAULT = "kinematic"
SHIPPED = (DEFAULT, "collective")
LAWS: Registry[Any] = Registry("law")  # the classes, which ``sim.dynamics`` adds: empty as long as nobody simulates
Name = Annotated[
    str, TextForm(r"^[a-z][a-z0-9_]{0,39}$", "a small letter, then small letters, digits and _, 40 in all at most")
]


def _text_or_number(value: Any) -> float | str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError(f"{shown(value)} is neither a number nor a quantity such as '8 nm'")
    if isinstance(value, str):
        parse_si(value)
        return value
    if not abs(value) < 1e300:  # also NaN
        raise ValueError(f"{shown(value)} is not finite")
    return float(value)


Value = Annotated[float | str, BeforeValidator(_text_or_number)]


def law_problem(name: str) -> str:
    """Why no wall can follow a law; empty where it is known."""
    known = dict.fromkeys([*SHIPPED, *LAWS])
    return "" if isinstance(name, str) and name in known else f"{shown(name)} is not known, allowed: {', '.join(known)}"


class Dynamics(StrictModel):
    """What moves the walls: the name of a law, and the parameters that it takes (`sim.dynamics`)."""

    model: Name = Field(default=DEFAULT, description="kinematic: v = k·I + v_leak, the paper's; or another law's name")
    parameters: dict[Name, Value] = Field(
        default_factory=dict, max_length=64, description="of the law: numbers, or quantities with their units"
    )

    def arrays(self, devices: int, **materials: float) -> DynamicsData:
        """The law and its parameters for a number of devices that are alike; the default law takes none.

        Args:
            devices: how many.
            materials: of the device, that every other law may need, SI.
        """
        if self.model == DEFAULT and not self.parameters:
            return DynamicsData()
        given = {name: parse_si(v) if isinstance(v, str) else v for name, v in self.parameters.items()}
        values = {name: np.full(devices, value) for name, value in {**materials, **given}.items()}
        return DynamicsData(self.model, values)


def per_device(values: Any, devices: int, name: str) -> np.ndarray:
    """Numbers of every device, shape (devices,), from one for all or one of each.

    Raises:
        InputError: no numbers, or of another shape.
    """
    refuse_masked(values, f"network: {name}")
    try:
        array = np.asarray(values)
        if array.dtype.kind == "c":
            raise TypeError
        return np.broadcast_to(array.astype(float), (devices,)).copy()
    except (TypeError, ValueError, OverflowError):
        raise InputError(
            f"network: {name} is {shown(values)}, needs a number or an array of shape ({devices},)"
        ) from None


@dataclass(frozen=True)
class DynamicsData:
    """The law of a network's walls.

    Attributes:
        model: its name.
        values: SI arrays of shape (devices,) by name of the parameter; those absent have the law's defaults.
    """

    model: str = DEFAULT
    values: Mapping[str, np.ndarray] = field(default_factory=dict)

    def check(self, devices: int) -> None:
        """Check the arrays' shapes and values.

        Raises:
            InputError: one of another shape, or with a value that is not finite.
        """
        for name, values in self.values.items():
            refuse_masked(values, f"network: dynamics {shown(name)}")
            if np.shape(values) != (devices,) or not np.all(np.isfinite(values)):
                raise InputError(f"network: dynamics {shown(name)} is wrong (shape, or a value that is not finite)")

    def variables(self) -> dict[str, ArrayVariable]:
        """As variables of a network file; none without parameters."""
        if not self.values:
            return {}
        about = {"units": "SI base units of each parameter", "long_name": "parameters of the law that moves the walls"}
        named = {"units": "1", "long_name": "name of the parameter"}
        names = np.array(list(self.values), dtype=object)
        return {
            "dynamics_value": ArrayVariable(
                ("dynamics_parameter", "device"), np.stack(list(self.values.values())), about
            ),
            "dynamics_parameter": ArrayVariable(("dynamics_parameter",), names, named),
        }  # fmt: skip

    @classmethod
    def read(cls, model: Any, variables: Mapping[Any, Any]) -> DynamicsData:
        """From a network file's attribute and variables.

        Raises:
            InputError: names given twice, or no name of a law.
        """
        if not isinstance(model, str) or not model:
            raise InputError(f"network: dynamics is {shown(model)}, must be the name of a law")
        if "dynamics_value" not in variables or "dynamics_parameter" not in variables:
            return cls(model)
        names = [str(name) for name in variables["dynamics_parameter"].values]
        if len(set(names)) != len(names):
            raise InputError("network: dynamics has a parameter twice")
        arrays = variables["dynamics_value"].values.astype(float)
        return cls(model, dict(zip(names, arrays, strict=True)))
