"""Which class is behind each kind of tasks. Light: whoever brings a kind registers it when it is imported itself."""

from __future__ import annotations

from importlib import import_module

_CLASSES: dict[str, type | str] = {}


def register(kind: str, task: type | str) -> None:
    """Make a kind of tasks known.

    Args:
        kind: its name in designs.
        task: its class, derived from ``hwlib.task_kinds.Task``, or where it is, ``module:class``: imported when it is
            first needed.

    Raises:
        ValueError: its name is taken.
    """
    if kind in _CLASSES:
        raise ValueError(f"there is a kind of tasks {kind} already")
    _CLASSES[kind] = task


def forget(kind: str) -> None:
    """Undo ``register``."""
    _CLASSES.pop(kind, None)


def registered() -> list[str]:
    """Names of the registered kinds."""
    return list(_CLASSES)


def class_of(kind: str) -> type | None:
    """The class of a registered kind; None when there is none of this name."""
    found = _CLASSES.get(kind)
    if isinstance(found, str):
        module, _, name = found.partition(":")
        found = _CLASSES[kind] = getattr(import_module(module), name)
    return found
