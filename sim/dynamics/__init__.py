"""Wall dynamics: laws of motion by name. One class a law; a design and a network file name it.

To add one, write a subclass of ``WallDynamics`` and ``register`` it.
"""

from __future__ import annotations

import difflib

from hwlib.design import Design
from hwlib.dynamics_data import LAWS, law_problem
from hwlib.errors import FieldsError, InputError, shown, suggestion
from hwlib.network import Network
from hwlib.quantities import parse_quantity
from hwlib.registry import Registry
from sim.dynamics.collective import Collective as Collective
from sim.dynamics.kinematic import Kinematic as Kinematic
from sim.dynamics.law import StateVariable as StateVariable
from sim.dynamics.law import WallDynamics as WallDynamics
from sim.dynamics.law_shapes import check_shapes, refuse_unfinished
from sim.dynamics.parameter import Parameter as Parameter

DYNAMICS: Registry[type[WallDynamics]] = LAWS


def register(law: type[WallDynamics]) -> type[WallDynamics]:
    """Add a law by its name; usable as a decorator.

    Raises:
        ValueError: there is one of that name, or the class is no law.
    """
    refuse_unfinished(law)
    DYNAMICS.add(law.name, law)
    return law


def law_of(name: str) -> type[WallDynamics]:
    """The law of a name.

    Raises:
        InputError: none has it; with the names that there are.
    """
    if unknown := law_problem(name):
        raise InputError(f"dynamics: {unknown}")
    return DYNAMICS[name]


def dynamics_of(network: Network) -> WallDynamics:
    """The law that moves a network's walls, on its devices.

    Raises:
        InputError: no such law, parameters that it does not take, or a law from outside that gives other shapes.
    """
    law = law_of(network.dynamics.model)(network)
    if not isinstance(law, (Kinematic, Collective)):
        check_shapes(law)
    return law


def resolved(design: Design) -> Design:
    """The design with every parameter of its law filled in, as a file holds them.

    Raises:
        FieldsError: no such law, or parameters that it does not take, each with its field.
    """
    given, place = design.device.dynamics, ("device", "dynamics")
    if unknown := law_problem(given.model):
        raise FieldsError([((*place, "model"), unknown)])
    known = {p.name: p for p in DYNAMICS[given.model].parameters if not p.of_device}
    wrong: list[tuple[tuple[str | int, ...], str]] = []
    values: dict[str, float | str] = {name: p.written(p.default) for name, p in known.items()}
    for name, value in given.parameters.items():
        try:
            if name not in known:
                raise ValueError(_unknown(name, list(known)))
            values[name] = _taken(known[name], value)
        except ValueError as error:
            wrong.append(((*place, "parameters", name), str(error)))
    if wrong:
        raise FieldsError(wrong)
    dynamics = given.model_copy(update={"parameters": values})
    return design.model_copy(update={"device": design.device.model_copy(update={"dynamics": dynamics})})


def _unknown(name: str, known: list[str]) -> str:
    return f"unknown, {suggestion(difflib.get_close_matches(name, known, n=1), known)}"


def _taken(parameter: Parameter, value: float | str) -> float | str:
    """A value as a design file holds it.

    Raises:
        ValueError: of another kind than the parameter, or out of its range.
    """
    if isinstance(value, str) == (parameter.unit == "1"):
        kind = "a number without unit" if parameter.unit == "1" else f"a quantity in {parameter.unit}"
        raise ValueError(f"{shown(value)} is not {kind}, allowed {parameter.range}")
    number = parse_quantity(value, parameter.unit) if isinstance(value, str) else value
    if not parameter.low <= number <= parameter.high:
        raise ValueError(f"{shown(value)} is outside {parameter.range}")
    return value


for _law in (Kinematic, Collective):
    register(_law)
