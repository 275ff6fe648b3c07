"""Packages that only an extra brings (``pip install 'spinhop[layout]'``), and what to say where one is missing.

Which extra brings what stands in pyproject.toml alone: it is read from the metadata of the installed package.
"""

from __future__ import annotations

import importlib.util
import re
from functools import lru_cache
from importlib import metadata

from hwlib.errors import InputError

_ONE = re.compile(r"^([A-Za-z0-9._-]+).*;\s*extra\s*==\s*['\"]([^'\"]+)['\"]\s*$")
_OTHERWISE = {"PIL": "pillow", "dwave": "dwave_samplers"}  # packages whose import has another name
READING_PACKAGES = ("klayout", "matplotlib")  # of layouts that are there, and pictures of them
DRAWING_PACKAGES = ("gdsfactory", *READING_PACKAGES)
_FOR_PEOPLE = ("layout", "report", "tasks", "study", "cluster", "search")  # the others are for who changes spinhop


@lru_cache(maxsize=1)
def _extras() -> dict[str, str]:
    """The extra of each package, by its name with underscores."""
    try:
        wanted = metadata.requires("spinhop") or []
    except metadata.PackageNotFoundError:
        return {}
    pairs = [found.groups() for found in map(_ONE.match, wanted) if found]
    return {name.lower().replace("-", "_"): extra for name, extra in reversed(pairs) if extra in _FOR_PEOPLE}


def extra_of(package: str) -> str | None:
    """The extra that brings a package, by its import name; None where it comes with spinhop, or not at all."""
    return _extras().get(_OTHERWISE.get(package, package))


def refusal(error: ModuleNotFoundError) -> str:
    """What to say of a module that is missing because no extra brought it; any other error is raised."""
    line = _lacking((error.name or "").split(".")[0])
    if line is None:
        raise error
    return line


def need(*packages: str) -> None:
    """Refuse at once what would fail at its end.

    Raises:
        InputError: one of the packages is not installed; says which extra brings it.
    """
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise InputError(_lacking(package) or f"this needs the package {package}, which is not installed")


def _lacking(package: str) -> str | None:
    extra = extra_of(package)
    if extra is None:
        return None
    package = _OTHERWISE.get(package, package).replace("_", "-")
    return f"this needs spinhop[{extra}] ({package} is missing): pip install 'spinhop[{extra}]'"
