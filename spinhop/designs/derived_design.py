"""Design files that commands derive from a user's own, with a table of numbers beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hwlib.design import Design, load_design
from hwlib.errors import InputError, shown
from hwlib.storage.files import real_path
from hwlib.storage.writing import refuse_existing, refuse_unwritable, write_together
from hwlib.storage.yaml_text import yaml_text
from spinhop.designs.design_fields import plain_fields, set_field
from spinhop.run_folder.inputs import files_of


def table_of(out: Path) -> Path:
    """File of numbers beside a derived design."""
    return out.with_name(f"{out.stem}_weights.csv")


def check_target(design: Design, source: Path, out: Path, *, replace: bool, table: bool = True) -> None:
    """Refuse a file that a derived design cannot be written to, before any work.

    Args:
        design: the user's.
        source: its file.
        out: of the derived design; its stem becomes its name.
        replace: whether it may exist.
        table: whether a file of numbers is written beside it.

    Raises:
        InputError: no name of a design file, one that exists or that the design reads, or a folder where the design's
            files are not.
    """
    if out.suffix not in (".yaml", ".yml"):
        raise InputError(f"{out}: a design file ends in .yaml")
    if real_path(out) == real_path(source):
        raise InputError(f"{out}: is the design itself; give another file")
    files = files_of(design)
    read = {real_path(design.folder / name) for name in files}
    for path in (out, table_of(out)) if table else (out,):
        if real_path(path) in read:
            raise InputError(f"{path}: the design reads it; give another file")
        refuse_existing(path, replace)
        refuse_unwritable(path)
    if files and real_path(out).parent != real_path(design.folder):
        raise InputError(f"{out}: the design names {shown(files[0])}; give a file in its folder, {design.folder}")
    try:
        Design(name=out.stem, network={"neurons": 2})  # type: ignore[arg-type]
    except ValueError:
        raise InputError(f"{out}: the stem names the design: a letter, then letters, digits, _ or -") from None


def write_derived(
    design: Design, out: Path, table: tuple[Path, str], fields: dict[str, Any], comment: str, *, replace: bool
) -> Design:  # fmt: skip
    """Write a design with some other fields, and the file of numbers that they name; and read it as ``run`` will.

    Args:
        design: the user's.
        out: its file; see ``check_target``.
        table: path and text of the numbers' file; empty text: none is written.
        fields: by their paths, as a file has them; None takes one out.
        comment: first line.
        replace: whether the files may exist, as of ``check_target``: another process may have made them since.

    Raises:
        InputError: files that exist, or what is refused when the file is read.
    """
    data = plain_fields(design, "json") | {"name": out.stem}
    for name, value in fields.items():
        set_field(data, name, value)
    path, text = table
    content = f"# {comment}\n{yaml_text(_without_none(data))}"
    write_together({out: content.encode()} | ({path: text.encode()} if text else {}), replace=replace)
    return load_design(out)


def _without_none(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _without_none(value) for key, value in data.items() if value is not None}
    return data
