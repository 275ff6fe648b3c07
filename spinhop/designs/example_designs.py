"""The example designs that ship: what they show, and copies of them to change."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from hwlib.errors import InputError, shown
from hwlib.storage.writing import refuse_existing, write_together


@dataclass(frozen=True)
class Example:
    """An example design.

    Attributes:
        name: of the design and its file.
        neurons: N.
        style: weight style.
        process: preset that it is drawn in.
        task: what it is run for.
        shows: the comment at the head of its file.
    """

    name: str
    neurons: int
    style: str
    process: str
    task: str
    shows: str


def example_names() -> list[str]:
    """Names of the examples, by alphabet."""
    names = (entry.name for entry in _folder().iterdir())
    return sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))


def examples() -> list[Example]:
    """All examples, read."""
    return [_read(name) for name in example_names()]


def example_text(name: str) -> str:
    """The design file of an example, with its comments.

    Raises:
        InputError: unknown name.
    """
    if name not in example_names():
        raise InputError(f"example: unknown name {shown(name)}; allowed: {', '.join(example_names())}")
    return _folder().joinpath(f"{name}.yaml").read_text(encoding="utf-8")


def copy_example(name: str, folder: Path, *, replace: bool = False) -> list[Path]:
    """Copy an example and the files that it names, graph or pictures.

    Args:
        name: the example's.
        folder: where to; made when it is not there.
        replace: overwrite files that exist.

    Returns:
        The files, the design first.

    Raises:
        InputError: unknown name, or a file that exists; nothing is written then.
    """
    from hwlib.design import load_design
    from spinhop.run_folder.inputs import referred_files

    text = example_text(name)
    with resources.as_file(_folder()) as shipped:
        named = referred_files(load_design(shipped / f"{name}.yaml"))
        content = {folder / file: (shipped / file).read_bytes() for file in named}
    content = {folder / f"{name}.yaml": text.encode()} | content
    for path in content:
        refuse_existing(path, replace, "another folder with --out")
    write_together(content, replace=replace)
    return list(content)


def _folder() -> Traversable:
    return resources.files("layouts").joinpath("examples")


def _read(name: str) -> Example:
    from hwlib.design import load_design

    with resources.as_file(_folder()) as shipped:
        design = load_design(shipped / f"{name}.yaml")
    network = design.network
    return Example(
        name, network.neurons, network.weight_style, design.process, design.task.kind, _head(example_text(name))
    )


def _head(text: str) -> str:
    """The comment that a file begins with, as one line."""
    lines = text.splitlines()
    count = next((k for k, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return " ".join(line.removeprefix("#").strip() for line in lines[:count])
