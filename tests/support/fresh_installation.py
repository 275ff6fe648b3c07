"""A wheel of the sources as they are, and a Python that has what ``pip install`` of it brings, without a network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("hwlib", "layouts", "sim", "spinhop")
BUILD = "import sys; from setuptools import build_meta as b; print(getattr(b, 'build_' + sys.argv[1])(sys.argv[2]))"


def tracked() -> list[str]:
    """Files of the project that git knows, or would: without those that .gitignore names."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [name for name in names if (ROOT / name).is_file()]


def build(kind: str, folder: Path) -> Path:
    """Build a ``wheel`` or an ``sdist`` from a copy of what git knows."""
    source = folder / "source"
    for name in tracked():
        target = source / name
        if name.split("/")[0] != "tests" and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target)
    (folder / "dist").mkdir(exist_ok=True)
    command = [sys.executable, "-c", BUILD, kind, str(folder / "dist")]
    built = subprocess.run(command, cwd=source, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return folder / "dist" / built.stdout.splitlines()[-1]


def bring(folder: Path, wheel: Path, extras: tuple[str, ...] = ()) -> Path:
    """Lay into a folder links to the sources (compiled code is beside them) and to what their wheel needs."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder, [name for name in archive.namelist() if ".dist-info/" in name])
    for room in ROOMS:
        (folder / room).symlink_to(ROOT / room)
    about = metadata.PathDistribution(next(folder.glob("spinhop-*.dist-info")))
    todo = [(Requirement(text), each) for text in about.requires or [] for each in ("", *extras)]
    seen: set[tuple[str, str]] = set()
    while todo:
        wanted, extra = todo.pop()
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": extra}):
            continue
        for part in ("", *wanted.extras):
            if (wanted.name, part) not in seen:
                seen.add((wanted.name, part))
                todo += [(Requirement(text), part) for text in metadata.requires(wanted.name) or []]
        _link(folder, metadata.distribution(wanted.name))
    return folder


def _link(folder: Path, package: metadata.Distribution) -> None:
    for name in {path.parts[0] for path in package.files or ()} - {"..", "__pycache__"}:
        target = folder / name
        if not target.exists():
            target.symlink_to(Path(str(package.locate_file(name))))


def python(folder: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run Python with the packages of the folder alone."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL"))}
    command = [sys.executable, "-S", "-P", *arguments]
    return subprocess.run(
        command, cwd=cwd, env=environment | {"PYTHONPATH": str(folder)}, capture_output=True, text=True, timeout=300
    )
