"""The loop of an optimiser: extraction, and loose ends, beside what KLayout takes for a part of the same."""

import time

import pytest
from machine import best_of

import layouts
from hwlib.checks.connectivity import Extracted
from hwlib.checks.device_table import device_table
from hwlib.checks.long_wires import LongWires
from hwlib.checks.loose_metal import dangling_ends
from hwlib.drawing.reader import open_layout
from hwlib.extraction import extract
from tests.benchmarks.whole_trials import design_of

pytestmark = pytest.mark.benchmark


def processor(work) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    design = design_of(60)
    process = design.load_process()
    path = layouts.write_layout(layouts.hopfield(design, process), tmp_path_factory.mktemp("loop") / "60.oas")
    return design, process, path, open_layout(path, process)


def test_extraction_takes_about_as_long_as_a_netlist_by_klayout(drawn):
    """Windows, wires and devices that are alike are solved once; the ratio is 0.9."""
    design, process, path, drawing = drawn
    extract(path, process, design)

    def measured():
        times = [(processor(lambda: extract(path, process, design)), processor(lambda: Extracted(drawing)))
                 for _ in range(3)]  # fmt: skip
        resistors, netlist = (min(of) for of in zip(*times, strict=True))
        return {"extraction": resistors, "netlist": netlist, "ratio": netlist / resistors}

    row = best_of(measured, {"ratio": 0.5})
    print(f"\nN = 60: extraction {row['extraction']:.3f} s, netlist by KLayout {row['netlist']:.3f} s")
    assert row["ratio"] > 0.5


def test_loose_ends_cost_less_than_merging_the_layers(drawn):
    """Short pieces within cells are left out unmerged; the ratio is 1.5 to 1.8."""
    _, process, _, drawing = drawn
    extracted = Extracted(drawing)
    place = device_table(extracted.lvs.netlist()).place[:, 0]
    names = list(process.of_kind("conductor"))

    def whole():
        for name in names:
            drawing.region(name).merged().count()

    def long():
        wires = LongWires(drawing)
        for name in names:
            wires.of(name, 1500).count()

    def measured():
        times = [[processor(work) for work in (long, lambda: dangling_ends(drawing, place), whole)] for _ in range(4)]
        wires, ends, merged = (min(of) for of in zip(*times, strict=True))
        return {"wires": wires, "ends": ends, "merged": merged, "ratio": merged / wires}

    row = best_of(measured, {"ratio": 1.0})
    print(
        f"\nN = 60: long wires {row['wires']:.3f} s, loose ends {row['ends']:.3f} s, all merged {row['merged']:.3f} s"
    )
    assert row["ratio"] > 1.0
