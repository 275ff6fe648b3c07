"""``make benchmarks``: every measurement in one run, written as docs/benchmarks.md."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmark_tables import (
    PAGE,
    bandwidth,
    beside,
    ngspice_rows,
    scaling_rows,
    static_rows,
    table,
    vacask_rows,
    whole_rows,
)
from machine import facts, in_own_process
from whole_trials import CASES, unpacked

from sim.spice import vacask_programs

ROOT = Path(__file__).parents[2]
IDEAL_N, WIRED = 60, ((16, 5e-6), (32, 4e-9))  # neurons, longest convergence
SIZES = (60, 100, 300, 1000)
WHOLE = (16, 32, 60, 100)
ABREAST = 16, 32, 60
PROFILES, DRAWN = ((60, 1), (300, 1), (300, 2), (1000, 1), (1000, 2)), (60, 200)  # neurons, threads; neurons
LINES, RATIOS = (64, 128, 256, 512), (1e-5, 1e-3, 1e-1)
PATIENCE = {60: 60.0, 100: 60.0, 300: 180.0, 1000: 400.0}  # s for a size in a process of its own
COMPILING = 900.0  # s, once


def measure(quick: bool, report: Callable[[str], None], base: str | None = None) -> dict[str, Any]:
    """Everything, or with ``quick`` what takes about a minute; whole trials of an older version ``base`` as well."""
    kinds = (
        "first_use",
        "whole",
        "abreast",
        "ngspice",
        "vacask",
        "scaling",
        "profiles",
        "static",
        "static_many",
        "badcrossbar",
    )
    found: dict[str, Any] = {"facts": facts(), **{kind: [] for kind in kinds}}

    def own(
        call: str, *arguments: float | str, timeout: float, blas_threads: int | None = None, sources: Path | None = None
    ) -> dict[str, Any]:
        begun = time.perf_counter()
        answer = in_own_process(call, *arguments, timeout=timeout, blas_threads=blas_threads, sources=sources)
        report(f"{call}{arguments}: {answer.get('failed', 'done')}, {time.perf_counter() - begun:.0f} s")
        return answer

    if not quick:
        found["first_use"].append(own("engine_measures.first_use", timeout=COMPILING))
    own("engine_measures.compiled", timeout=COMPILING)
    for n in WHOLE[:1] if quick else WHOLE:
        found["whole"].append(own("engine_measures.whole_trials", n, timeout=PATIENCE[1000]))
    for n in WHOLE[:1] if quick else ABREAST:
        found["abreast"].append(own("engine_profile.abreast", n, timeout=PATIENCE[1000]))
    found["beside"] = [] if base is None else _beside(own, quick, unpacked(base, ROOT))
    for n in SIZES[:2] if quick else SIZES:
        found["scaling"].append(own("engine_measures.cost", n, 3 if n <= 100 else 1, timeout=PATIENCE[n]))
    for n, threads in PROFILES[:1] if quick else PROFILES:
        found["profiles"].append(own("engine_profile.profile", n, threads, timeout=PATIENCE[1000]))
    for n in () if quick else DRAWN:
        found["profiles"].append(own("engine_profile.drawn", n, timeout=PATIENCE[1000]))
    _measure_static(found, quick, own)
    for n in () if vacask_programs() is None else (4, 8) if quick else (8, 16, 32):
        found["vacask"].append(own("vacask_peer.against_vacask", n, timeout=1800))
    if shutil.which("ngspice") is None:
        report("ngspice is not installed: left out")
        return found
    for call, *arguments in _against_ngspice(quick):
        found["ngspice"].append(own(f"ngspice_peer.{call}", *arguments, timeout=1800))
    return found


def _measure_static(found: dict[str, Any], quick: bool, own: Callable[..., dict[str, Any]]) -> None:
    for lines in LINES[:2] if quick else LINES:
        for ratio in RATIOS:
            found["static"].append(own("static_measures.against_direct", lines, ratio, timeout=300, blas_threads=1))
    for lines, drives in ((64, 64),) if quick else ((64, 256), (128, 256), (256, 256), (1024, 2)):
        found["static_many"].append(own("static_measures.against_direct_many", lines, 1e-3, drives, timeout=600,
                                        blas_threads=1))  # fmt: skip
    for lines in (64,) if quick else (64, 128, 256):
        found["badcrossbar"].append(own("static_measures.against_badcrossbar", lines, 1e-3, timeout=300,
                                        blas_threads=1))  # fmt: skip


def _beside(
    own: Callable[..., dict[str, Any]], quick: bool, older: Path
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Whole trials of this version and of an older one, in turn."""
    return [
        (own("whole_trials.measure", n, timeout=COMPILING),
         own("whole_trials.measure", n, timeout=COMPILING, sources=older))
        for n in (CASES[:1] if quick else CASES)
    ]  # fmt: skip


def _against_ngspice(quick: bool) -> Iterator[tuple[Any, ...]]:
    if quick:
        yield "ladders_against_ngspice", 12, 0.0, "ideal"
        yield "ladders_against_ngspice", 8, 1.0, "layout"
        return
    yield "ladders_against_ngspice", IDEAL_N, 0.0, "ideal"
    for n, span in WIRED:
        yield "ladders_against_ngspice", n, 1.0, "layout", span
        yield "drawn_against_ngspice", n, span


def page(found: dict[str, Any]) -> str:
    """The page of docs made of the measurements."""
    machine = "Machine: " + ", ".join(f"{name} {value}" for name, value in found["facts"].items())
    machine = "\n".join(textwrap.wrap(machine, 118, break_on_hyphens=False))
    return PAGE.format(
        machine=machine, whole=table(*whole_rows(found)), beside=beside(found), ngspice=table(*ngspice_rows(found)),
        vacask=table(*vacask_rows(found)), scaling=table(*scaling_rows(found)), static=table(*static_rows(found)),
        profile=bandwidth(found),
    )  # fmt: skip


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, about a minute; prints, writes no page")
    parser.add_argument("--base", help="a revision of the past, whose whole trials are measured as well")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks.md")
    parser.add_argument("--numbers", type=Path, help="JSON of the measurements; read when it exists, else written")
    options = parser.parse_args()
    if options.numbers and options.numbers.exists():
        found = json.loads(options.numbers.read_text(encoding="utf-8"))
    else:
        found = measure(options.quick, lambda line: print(line, file=sys.stderr, flush=True), options.base)
        if options.numbers:
            options.numbers.write_text(json.dumps(found, indent=1), encoding="utf-8")
    text = page(found)
    if options.quick:
        print(text)
    else:
        options.out.write_text(text, encoding="utf-8")
        print(options.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
