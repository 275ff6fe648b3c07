"""A file that is gone from a finished folder is made again by the command that made it."""

from __future__ import annotations

from pathlib import Path

import pytest

from spinhop.check_stages import POINT_DRAWN
from spinhop.checking import check_design

DESIGN = "name: two\nnetwork: {neurons: 2, weight_style: lines}\ntask: {trials: 1}\n"


@pytest.mark.parametrize("name", ["erc_drawn.json", "erc_drawn_table.json"])
def test_check_makes_gone_or_edited_files_of_the_drawn_point_again(tmp_path: Path, name: str) -> None:
    design = tmp_path / "two.yaml"
    design.write_text(DESIGN, encoding="utf-8")
    check_design(design, out=tmp_path / "run")
    file = tmp_path / "run" / name
    before = file.read_bytes()

    file.unlink()
    done: list[str] = []
    check_design(
        design, out=tmp_path / "run", progress=lambda stage, status, _: done.append(stage) if status == "done" else None
    )
    assert file.read_bytes() == before
    assert POINT_DRAWN.name in done

    file.write_bytes(before + b"\n")
    check_design(design, out=tmp_path / "run", force=True)
    assert file.read_bytes() == before
