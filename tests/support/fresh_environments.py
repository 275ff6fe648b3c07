"""Fresh environments of every Python there is: what ``pip install`` brings, and that it works there.

``make fresh`` installs the source archive alone (the core) and the wheel with all extras, each in an environment of its
own per Python, and says what was tried; minutes each, since each compiles the simulator.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support import fresh_installation

PYTHONS = ("3.11", "3.12", "3.13")
EXTRAS = ("", "report", "layout", "tasks", "study", "cluster", "search", "all")
DESIGN = "name: tiny\nnetwork: {neurons: 3, weights: {patterns: ['010']}}\ntask: {trials: 2}\n"
# Packages and MB of each extra, from the records of what is installed; run in an environment that has them all.
MEASURE = """
import json, sys
from importlib import metadata
from packaging.requirements import Requirement

def brought(name, extra):
    found, todo = set(), [(name, extra)]
    while todo:
        name, extra = todo.pop()
        if (name, extra) in found:
            continue
        found.add((name, extra))
        for wanted in map(Requirement, metadata.requires(name) or []):
            if wanted.marker is None or wanted.marker.evaluate({"extra": extra}):
                todo += [(wanted.name.lower().replace("_", "-"), part) for part in ("", *wanted.extras)]
    return {name for name, _ in found}

def size(name):
    return sum(path.size or 0 for path in metadata.files(name) or ())

names = {extra: brought("spinhop", extra) for extra in sys.argv[1:]}
print(json.dumps({
    "extras": {extra: [len(each), sum(map(size, each)) / 1e6] for extra, each in names.items()},
    "largest": sorted(((size(each) / 1e6, each) for each in names[""]), reverse=True)[:12],
}))
"""


def interpreters() -> Iterator[tuple[str, Path | None]]:
    """Each Python that is supported, and where it is: on the PATH, among those of pyenv or of uv; None: not here."""
    roots = [Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions",
             Path.home() / ".local" / "share" / "uv" / "python"]  # fmt: skip
    for version in PYTHONS:
        name = f"python{version}"
        places = [shutil.which(name), *(str(path) for root in roots for path in sorted(root.glob(f"*/bin/{name}")))]
        yield version, next((Path(place) for place in places if place is not None and _runs(place)), None)


def _runs(program: str) -> bool:
    return subprocess.run([program, "--version"], capture_output=True).returncode == 0  # a shim may not


def install(python: Path, folder: Path, wanted: str) -> Path:
    """A fresh environment in a folder with what pip brings; returns its programs' folder."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL"))}
    subprocess.run([python, "-m", "venv", folder], check=True, env=environment)
    program = folder / "bin" / "python"
    subprocess.run(
        [program, "-m", "pip", "install", "--quiet", "--no-compile", "packaging", wanted], check=True, env=environment
    )
    return folder / "bin"


def try_core(bin_: Path, folder: Path) -> list[str]:
    """Help, import, recall with ideal wires; returns what was tried. A failure raises."""
    (folder / "tiny.yaml").write_text(DESIGN)
    tried = [[bin_ / "spinhop", "--help"], [bin_ / "python", "-c", "import sim; sim.recall"],
             [bin_ / "spinhop", "recall", "tiny.yaml", "--ideal", "--json"]]  # fmt: skip
    for command in tried:
        _run(command, folder)
    return ["--help", "import sim", "recall --ideal"]


def try_all(bin_: Path, folder: Path) -> list[str]:
    """An example from the wheel, to its report; returns what was tried. A failure raises."""
    _run([bin_ / "spinhop", "examples", "copy", "hopfield_8"], folder)
    assert json.loads(_run([bin_ / "spinhop", "run", "hopfield_8.yaml", "--json"], folder))
    assert (folder / "runs" / "hopfield_8" / "report.html").is_file()
    return ["examples copy", "run", "report.html"]


def _run(command: list[str | Path], folder: Path) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL"))}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stderr}"
    return done.stdout


def main() -> int:
    """Try all of them and say so; exit code 1 where none of one kind is here."""
    missing = []
    with tempfile.TemporaryDirectory() as scratch:
        archives = {kind: fresh_installation.build(kind, Path(scratch) / kind) for kind in ("sdist", "wheel")}
        for version, python in interpreters():
            if python is None:
                missing.append(version)
                continue
            for kind, extra, trial in (("sdist", "", try_core), ("wheel", "all", try_all)):
                folder = Path(scratch) / f"{version}-{kind}"
                begun = time.monotonic()
                wanted = f"{archives[kind]}[{extra}]" if extra else str(archives[kind])
                bin_ = install(python, folder, wanted)
                installed = time.monotonic()
                tried = trial(bin_, folder)
                spent = f"installed in {installed - begun:.0f} s, tried in {time.monotonic() - installed:.0f} s"
                full = _run([bin_ / "python", "--version"], folder).split()[1]
                print(f"{full:<8} {archives[kind].name + f'[{extra}]' * bool(extra):<38} {spent}: {', '.join(tried)}")
                if extra and version == PYTHONS[0]:
                    measured = json.loads(_run([bin_ / "python", "-c", MEASURE, *EXTRAS], folder))
                    for name, (count, size) in measured["extras"].items():
                        print(f"         spinhop{f'[{name}]' * bool(name):<10} {count:4d} packages {size:5.0f} MB")
                    print("         ", ", ".join(f"{name} {size:.0f} MB" for size, name in measured["largest"]))
                sys.stdout.flush()
                shutil.rmtree(folder)
    print(*(f"{version}: no such Python here" for version in missing), sep="\n", end="\n" * bool(missing))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
