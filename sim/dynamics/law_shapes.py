"""Whether a law from outside is one: what it must have, and numbers of the right shapes for walls without a current."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hwlib.errors import InputError, shown
from sim.dynamics.law import StateVariable, WallDynamics
from sim.dynamics.parameter import Parameter


def refuse_unfinished(law: type[WallDynamics]) -> None:
    """Refuse a class that lacks what every law gives, or that names it otherwise than a law does.

    Raises:
        ValueError: what is missing or of another kind.
    """
    name = getattr(law, "name", None)
    if not isinstance(name, str) or not name:
        raise ValueError(f"a law's name is a text, found {shown(name)}")
    if not isinstance(getattr(law, "meaning", None), str):
        raise ValueError(f"law {name}: it needs a meaning, a text")
    if law.velocity is WallDynamics.velocity:
        raise ValueError(f"law {name}: it needs a method velocity(current, state)")
    for field, kind in (("parameters", Parameter), ("states", StateVariable)):
        if not all(isinstance(each, kind) for each in getattr(law, field)):
            raise ValueError(f"law {name}: {field} are objects of {kind.__name__}")
    if law.states and law.steady_velocity is WallDynamics.steady_velocity:
        raise ValueError(f"law {name}: with state variables it needs a method steady_velocity(current)")


def check_shapes(law: WallDynamics) -> None:
    """Ask a law once, of walls without a current.

    Raises:
        InputError: a method gives another shape than it should, or numbers that are not finite.
    """
    devices, states = law.network.devices, len(law.states)
    current, held, slow = np.zeros(devices), np.zeros(devices, bool), np.ones(devices)
    first = _asked(law, "first_state", law.first_state, (states, devices))
    _asked(law, "velocity", lambda: law.velocity(current, first), (devices,))
    _asked(law, "steady_velocity", lambda: law.steady_velocity(current), (devices,))
    _asked(law, "state_rates", lambda: law.state_rates(current, first, held), (states, devices))
    _asked(law, "scale", law.scale, (states, 1))
    _asked(law, "at_rest", lambda: law.at_rest(current, first, held, slow), (devices,))


def _asked(law: WallDynamics, name: str, ask: Callable[[], np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    where = f"dynamics {law.name}: {name}"
    found = np.asarray(ask())
    if found.shape != shape:
        raise InputError(f"{where} gives shape {found.shape}, allowed: {shape}")
    if found.dtype.kind not in "biuf":
        raise InputError(f"{where} gives {found.dtype.name}, allowed: real numbers")
    if not np.isfinite(found).all():
        raise InputError(f"{where} gives numbers that are not finite for walls without a current")
    return found
