"""Design files that are to be refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from hwlib.design import load_design
from hwlib.errors import LONGEST_LINE, InputError


def assert_network_refused(network: dict[str, Any], words: str, folder: Path) -> None:
    """A design file of four neurons with these fields of the network is refused, in lines that are short enough."""
    path = folder / "bad.yaml"
    path.write_text(yaml.safe_dump({"name": "bad", "network": {"neurons": 4, **network}}), encoding="utf-8")
    with pytest.raises(InputError, match=words) as error:
        load_design(path)
    assert all(len(line) <= LONGEST_LINE for line in error.value.lines)
