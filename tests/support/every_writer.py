"""Write a file with each library that the toolkit writes with, on a disk too small for it. Run as a program.

``python every_writer.py FOLDER disk|limit``: for each writer, many sizes. Ends with code 0 when each attempt was either
refused in one line that names the file, leaving nothing, or wrote the whole file. A library may also crash when the
process ends, hence a process of its own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import klayout.db as kdb
import numpy as np
import xarray as xr

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from hwlib.checks import write_lyrdb
from hwlib.design import Design
from hwlib.errors import StorageError
from hwlib.extraction import write_spef, write_spice
from hwlib.findings import Finding, write_findings
from hwlib.network_file import write_network
from hwlib.schematic import ladder_network
from hwlib.storage.netcdf import write_netcdf
from hwlib.storage.writing import write_bytes, write_with_library
from sim.checkpoint import write_state
from tests.support.small_disk import MountError, largest_file, small_disk

CANNOT_MOUNT = 77
PAGE = 4096


def writers() -> Iterator[tuple[str, Callable[[Path], object]]]:
    """Name of a file, and what writes it."""
    design = Design(name="small", network={"neurons": 12})
    network = ladder_network(design, design.load_process(), 2.0)
    findings = [Finding("drc", "m1.width", f"number {k}", x=k * 1e-9, y=0.0) for k in range(400)]
    random = np.random.default_rng(1).random(5000)
    layout = kdb.Layout()
    shapes = layout.create_cell("top").shapes(layout.layer(1, 0))
    for k in range(3000):
        shapes.insert(kdb.Box(10 * k, 0, 10 * k + 5, int(1e6 * random[k])))
    netlist = kdb.Netlist()
    for k in range(2000):
        circuit = kdb.Circuit()
        circuit.name = f"c{k}"
        netlist.add(circuit)
    yield "network.nc", lambda p: write_network(network, p)
    yield "result.nc", lambda p: write_netcdf(xr.Dataset({"random": ("k", random)}), p)
    yield "wires.spef", lambda p: write_spef(network, p)
    yield "wires.spice", lambda p: write_spice(network, p)
    yield "drc.json", lambda p: write_findings(findings, p)
    yield "drc.lyrdb", lambda p: write_lyrdb(findings, p, top_cell="top")
    for form in ("GDS2", "OASIS"):
        yield f"layout.{form}", lambda p, form=form: write_bytes(p, layout.write_bytes(_options(form)))
    yield "netlist.cir", lambda p: write_with_library(p, lambda q: netlist.write(str(q), kdb.NetlistSpiceWriter()))
    yield "trials.partial", lambda p: write_state(p, "x", {"random": random})
    yield "picture.png", _picture(random)


def _options(form: str) -> kdb.SaveLayoutOptions:
    options = kdb.SaveLayoutOptions()
    options.format = form
    return options


def _picture(random: np.ndarray) -> Callable[[Path], object]:
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    from hwlib.storage.writing import write_atomic

    figure, axes = pyplot.subplots()
    axes.imshow(random.reshape(50, 100))
    return lambda p: write_atomic(p, lambda q: figure.savefig(q, format="png"))


def sizes(whole: int, step: int) -> list[int]:
    """Some sizes in bytes from nothing to just below the whole, in multiples of ``step``."""
    most = (whole - 1) // step
    return sorted({0, most, *np.unique(np.geomspace(1, max(most, 1), 12).astype(int)).tolist()} - {most + 1})


def attempt(write: Callable[[Path], object], path: Path, whole: int) -> None:
    """Try once; any outcome but the allowed ones ends the program."""
    before = set(path.parent.iterdir())
    try:
        write(path)
    except StorageError as error:
        assert str(path) in str(error) and len(str(error)) < 200, error
        assert any(why in str(error) for why in ("No space left on device", "File too large")), error
        assert set(path.parent.iterdir()) == before, "something is left"
        return
    assert path.stat().st_size == whole, f"{path.name}: {path.stat().st_size} bytes of {whole}"
    path.unlink()


def main(folder: Path, how: str) -> int:
    """Try every writer; returns the exit code."""
    for name, write in writers():
        write(folder / name)
        whole = (folder / name).stat().st_size
        (folder / name).unlink()
        if how == "limit":
            for size in sizes(whole, 97):
                with largest_file(97 * size):
                    attempt(write, folder / name, whole)
        else:
            for pages in sizes(whole, PAGE):
                with small_disk(folder / "disk", PAGE * max(pages, 1)):
                    if not pages:
                        (folder / "disk" / "other").write_bytes(bytes(PAGE))
                    attempt(write, folder / "disk" / name, whole)
        print(name, whole)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
    except MountError as error:
        print(error)
        sys.exit(CANNOT_MOUNT)
