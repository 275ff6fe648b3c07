"""Pieces of the drawn part: one layout each, run with the same trials on its wires and on ideal ones."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr

from hwlib.design import Design
from hwlib.errors import StoppedError
from hwlib.json_files import read_json
from hwlib.lifeline import die_with_parent
from hwlib.network import Network
from hwlib.schematic import ideal_network
from hwlib.writing import write_atomic
from sim.tasks import maxcut
from sim.tasks.images import letters
from sim.tasks.random_recall import image_recall
from sim.tasks.rudy import g05, random_graph
from sim.tasks.run_task import recall
from sim.tasks.setup import with_levels
from spinhop.reproduce.corners import Corner, DrawnDesign, with_patterns
from spinhop.reproduce.task import NJ, NS, PERCENT
from spinhop.reproduce.wire_resistance import TIME_LIMIT, WALL_TOLERANCE

DISTORTION = 0.1  # of the letters
CUT_LIMIT = 1.5e-6  # s: on ideal wires the longest of the ten graphs takes 1.03 µs
_POOL_FROM = 8  # fewer pieces are done sooner without starting other processes

Values = dict[str, list[float]]


@dataclass(frozen=True)
class Piece:
    """One layout and its trials.

    Attributes:
        name: of the experiment; pieces of one name are pooled.
        corner: how it is drawn.
        kind: what it runs.
        neurons: N.
        trials: starts on this layout (images: so many of the letters, once each; max-cut has one start).
        seed: of its weights and starts, alike in all corners.
        folder: where its layout and its result go.
        key: of the run; a stored result of another key is not used.
        patterns: stored patterns (recall).
        weight: W in V.
        v_charge: V_C in V.
        ask: whether the rules are asked about this layout.
    """

    name: str
    corner: Corner
    kind: Literal["recall", "images", "maxcut"]
    neurons: int
    trials: int
    seed: int
    folder: Path
    key: str = ""
    patterns: int = 1
    weight: float = 0.1
    v_charge: float = 0.1
    ask: bool = False


def run_piece(piece: Piece) -> dict[str, Any]:
    """Draw, extract, simulate and store; returns ``ideal`` and ``drawn`` (lists of values per trial) and ``facts``."""
    limit = CUT_LIMIT if piece.kind == "maxcut" else TIME_LIMIT
    design = piece.corner.design(piece.neurons, weight=piece.weight, v_charge=piece.v_charge, time_limit=limit)
    graph: Any = None
    if piece.kind == "recall":
        words = np.random.default_rng(piece.seed).integers(0, 2, (piece.patterns, piece.neurons))
        design = with_patterns(design, ["".join(map(str, word)) for word in words], piece.seed)
    elif piece.kind == "images":
        words = np.array([picture.ravel() for picture in letters().values()])
        design = with_patterns(design, ["".join(map(str, word)) for word in words], piece.seed)
    else:
        graph = g05(60, piece.seed % 10) if piece.neurons == 60 else random_graph(piece.neurons, 0.5, piece.seed)
        design = with_levels(design, maxcut.weight_levels(graph, "paper"))
    drawing = DrawnDesign(design, piece.folder)
    ideal = ideal_network(design, drawing.process)
    result = {
        "ideal": _values(_simulate(piece, design, ideal, "ideal", graph)),
        "drawn": _values(_simulate(piece, design, drawing.network, "layout", graph)),
        "facts": drawing.facts() if piece.ask else None,
    }
    text = json.dumps({"piece": _identity(piece), "result": result}, indent=1)
    write_atomic(_file(piece), lambda path: path.write_text(text + "\n"))
    return result


def _simulate(piece: Piece, design: Design, network: Network, engine: str, graph: Any) -> xr.Dataset:
    process = design.load_process()
    how: dict[str, Any] = {"engine": engine, "tolerance": WALL_TOLERANCE}
    if piece.kind == "recall":
        return recall(network, design, process, trials=piece.trials, **how)
    if piece.kind == "images":
        words = np.array([[int(bit) for bit in word] for word in design.network.weights.patterns or ()])
        return image_recall(
            design, words, np.array([DISTORTION]), 1, piece.seed,
            which=range(piece.trials), process=process, network=network, **how,
        )  # fmt: skip
    return maxcut.solve([graph], mapping="paper", design=design, process=process, network=network, **how)


def _values(data: xr.Dataset) -> Values:
    values = {
        "time": NS * data["time_to_solution"].values,
        "energy": NJ * data["energy_source"].sum("source").values,
        "rests": PERCENT * data["at_rest"].values,
    }
    for name, scale in (("accuracy", PERCENT), ("cut", 1.0)):
        if name in data:
            values[name] = scale * data[name].values
    return {name: [float(x) for x in array] for name, array in values.items()}


def run_pieces(pieces: Sequence[Piece]) -> Iterator[dict[str, Any]]:
    """Results in the order of the pieces, from as many processes as there are cores; finished pieces are not repeated.

    The processes are started afresh, not forked: compiled code with threads of its own does not outlive a fork. They
    leave Ctrl-C to this process, which ends them.

    Raises:
        StoppedError: a process ended before its piece did.
    """
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    kept = {k: result for k, piece in enumerate(pieces) if (result := _load(piece)) is not None}
    waiting = deque(k for k in range(len(pieces)) if k not in kept)
    if cores < 2 or len(waiting) < _POOL_FROM:
        for k, piece in enumerate(pieces):
            yield kept[k] if k in kept else run_piece(piece)
        return
    workers: dict[Connection, BaseProcess] = {}
    _quiet_tracker()
    try:
        for _ in range(cores):
            connection, child = _start()
            workers[connection] = child
            _send(connection, pieces[waiting.popleft()])
        for k in range(len(pieces)):
            while k not in kept:
                for ready in wait(list(workers)):
                    assert isinstance(ready, Connection)
                    kept[pieces.index(_received(ready, workers[ready]))] = {}
                    if waiting:
                        _send(ready, pieces[waiting.popleft()])
            yield kept.pop(k) or _stored(pieces[k])
    finally:
        for child in workers.values():
            child.kill()
            child.join()


def _quiet_tracker() -> None:
    """Start the process that tracks semaphores without its remark on those of ended workers, which it cleans up."""
    before = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = "ignore::UserWarning:multiprocessing.resource_tracker"
    try:
        resource_tracker.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONWARNINGS"]
        else:
            os.environ["PYTHONWARNINGS"] = before


def _start() -> tuple[Connection, BaseProcess]:
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    child = spawn.Process(target=_serve, args=(os.getpid(), there), daemon=True)
    child.start()
    there.close()
    return here, child


def _serve(parent: int, there: Connection) -> None:
    """Run pieces as they come, until the other end is closed."""
    die_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError):
        while True:
            piece = there.recv()
            try:
                run_piece(piece)
                there.send(piece)
            except Exception as error:
                there.send(error)


def _send(worker: Connection, piece: Piece) -> None:
    with suppress(BrokenPipeError):  # it has ended: the next read from it says so
        worker.send(piece)


def _received(ready: Connection, child: BaseProcess) -> Piece:
    try:
        answer = ready.recv()
    except EOFError:
        child.join()
        raise StoppedError(f"a process that ran a layout ended with code {child.exitcode}") from None
    if isinstance(answer, Exception):
        raise answer
    assert isinstance(answer, Piece)
    return answer


def _file(piece: Piece) -> Path:
    return piece.folder / "result.json"


def _load(piece: Piece) -> dict[str, Any] | None:
    """The stored result of a piece, None when there is none of this very piece and key."""
    try:
        data = read_json(_file(piece), dict[str, Any], "result of a layout")
        return dict(data["result"]) if data["piece"] == _identity(piece) else None
    except (ValueError, KeyError, TypeError):  # InputError is a ValueError
        return None


def _stored(piece: Piece) -> dict[str, Any]:
    result = _load(piece)
    if result is None:
        raise RuntimeError(f"{_file(piece)}: written by a process of this run, and now gone")
    return result


def _identity(piece: Piece) -> dict[str, Any]:
    return {name: value for name, value in asdict(piece).items() if name != "folder"}
