"""What files are made with: versions of packages, and the design's name, seed and operating point, as attributes."""

from __future__ import annotations

import json
import platform
import re
from functools import lru_cache
from importlib import metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hwlib.design import Design

PACKAGES = (
    "spinhop", "numpy", "scipy", "numba", "xarray", "netCDF4", "h5py", "klayout", "gdsfactory", "kfactory", "networkx",
    "pydantic", "pint", "matplotlib", "jinja2", "typer", "rich", "optuna",
)  # fmt: skip


def not_ours(found: object, ours: str) -> str:
    """What is wrong with a file's format, ``spinhop-run-2`` for one, in words; empty where it is ours."""
    if found == ours:
        return ""
    family = ours.rsplit("-", 1)[0]
    if isinstance(found, str) and re.fullmatch(rf"{family}-[0-9]{{1,9}}", found):
        return f"{found} is of another version of spinhop, this one has {ours}"
    return f"its format is not {ours}"


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """Versions of Python and of every package that can change a result; ``missing`` where one is not installed."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "missing"
    return found


def versions_line() -> str:
    """The versions as one line, as files hold them in their attribute ``versions``."""
    return ", ".join(f"{name} {found}" for name, found in versions().items())


def design_attributes(design: Design) -> dict[str, Any]:
    """Attributes of what is made of a design: ``design``, ``seed``, ``operating_point`` (JSON) and ``versions``.

    The operating point is in the words of the design file, every quantity with its unit.
    """
    point = design.operating_point.model_dump(mode="json", exclude_none=True)
    return {
        "design": design.name, "seed": design.seed, "operating_point": json.dumps(point), "versions": versions_line(),
    }  # fmt: skip
