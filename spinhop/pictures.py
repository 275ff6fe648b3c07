"""Recall of pictures from distorted copies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hwlib.errors import InputError

if TYPE_CHECKING:
    from hwlib.design import Design
    from hwlib.network import Network
    from hwlib.process import Process

_NOTHING = 1e-9  # of the largest soma current: less is rounding


class PictureRow(NamedTuple):
    """How often one picture came back at one distortion.

    Attributes:
        picture: its file or letter.
        distortion: share of flipped bits.
        accuracy_mean: mean share of right bits.
        recalled: trials with every bit right, and at rest.
        undetermined: trials whose outcome hangs on rounding.
        time_mean: mean time to solution in s of the trials at rest; NaN when none is.
        on: its ON pixels.
        rests: whether it is a rest state of the network, by the weights and the leaks.
        inverse_rests: the same for its inverse.
        undriven: neurons whose soma no current drives toward its bit: only the leak may hold it.
        taken: what was taken as ON; empty for the letters.
    """

    picture: str
    distortion: float
    accuracy_mean: float
    recalled: int
    undetermined: int
    time_mean: float
    on: int
    rests: bool
    inverse_rests: bool
    undriven: int
    taken: str


class Memory(NamedTuple):
    """How a network holds one stored picture.

    Attributes:
        leaving: neurons that leave it.
        inverse_leaving: neurons that leave its inverse.
        undriven: neurons whose soma no current drives toward its bit.
    """

    leaving: int
    inverse_leaving: int
    undriven: int

    def said(self, neurons: int) -> str:
        """What of it foretells that distorted copies do not come back; empty when nothing does."""
        if self.leaving:
            inverse = f"{self.inverse_leaving} its inverse" if self.inverse_leaving else "its inverse is one"
            return f"no rest state (ideal wires): {self.leaving} of {neurons} neurons leave it, {inverse}"
        if self.undriven:
            return (
                f"no rest state by its weights alone (ideal wires): {self.undriven} of {neurons} neurons are held "
                "by nothing but their leak"
            )
        if self.inverse_leaving:
            return f"its inverse is no rest state (ideal wires): {self.inverse_leaving} of {neurons} neurons leave it"
        return ""


def stored_memories(network: Network, design: Design, process: Process, patterns: np.ndarray) -> list[Memory]:
    """How a network that stores patterns holds each of them: one static solve a state.

    Args:
        network: ideal or extracted.
        design: its operating point.
        process: its process.
        patterns: bits, shape (patterns, N).
    """
    from hwlib.weights import hebbian
    from sim.protocol import protocol_for
    from sim.rules import rest_states

    levels = None if network.weight_levels() is not None else hebbian(patterns)
    protocol = protocol_for(design, process, start=patterns[0], levels=levels)
    found = rest_states(network, protocol, np.concatenate([patterns, 1 - patterns]))
    leaving = found.leaving.sum(axis=1).reshape(2, len(patterns))
    current = found.soma_current[: len(patterns)]
    toward = np.where(patterns == 1, current, -current)
    undriven = (toward <= _NOTHING * np.abs(current).max()).sum(axis=1)
    return [Memory(*map(int, each)) for each in zip(leaving[0], leaving[1], undriven, strict=True)]


def recall_pictures(
    paths: Sequence[Path], distortions: Sequence[float], trials: int, seed: int, *, threshold: float = 0.5,
    invert: bool = False, engine: str = "auto", progress: Callable[[int, int], None] | None = None,
    remark: Callable[[str], None] = lambda text: None,
) -> list[PictureRow]:  # fmt: skip
    """Store pictures together on the paper's network with ideal wires, and recall distorted copies.

    Args:
        paths: bitmaps or text of one size, see ``sim.tasks.picture_files``; none: the letters U, T and D.
        distortions: shares of flipped bits, 0 … 1.
        trials: per picture and distortion.
        seed: of the distortions.
        threshold: brightness below which a pixel is dark, share of white.
        invert: light pixels are ON instead of dark ones.
        engine: simulation engine.
        progress: called with (trials done, in all).
        remark: called before the trials: what was taken as ON, and which pictures are no rest states.

    Raises:
        InputError: a bad picture, pictures of different sizes, or a distortion outside 0 … 1.
    """
    _check_distortions(distortions)
    stored = _stored(paths, threshold, invert)
    from hwlib.weights import hebbian  # these take their time: a bad picture is said before
    from sim.engines import check_name
    from sim.tasks.random_recall import image_recall
    from sim.tasks.scores import summarise
    from sim.tasks.setup import free_network, paper_design

    check_name(engine)
    names, patterns, taken = stored.names, stored.patterns, stored.taken
    for text in stored.remarks:
        remark(text)
    design = paper_design(patterns.shape[1])
    process = design.load_process()
    network = free_network(design, process, hebbian(patterns))
    memories = stored_memories(network, design, process, patterns)
    for name, memory in zip(names, memories, strict=True):
        if said := memory.said(patterns.shape[1]):
            remark(f"{name}: {said}")
    result = image_recall(
        design, patterns, np.array(distortions), trials, seed, process=process, network=network, engine=engine,
        progress=progress,
    )  # fmt: skip
    rows = []
    for k, name in enumerate(names):
        for share in distortions:
            chosen = result.isel(trial=(result["pattern"].values == k) & (result["distortion"].values == share))
            outcome = summarise(chosen)
            accuracy, time = (float(outcome[name]) for name in ("accuracy_mean", "time_mean"))
            recalled, undetermined = (int(outcome[name].sum()) for name in ("recalled", "undetermined"))
            memory = memories[k]
            rows.append(
                PictureRow(
                    name, float(share), accuracy, recalled, undetermined, time, int(patterns[k].sum()),
                    not memory.leaving, not memory.inverse_leaving, memory.undriven, taken[k],
                )
            )  # fmt: skip
    return rows


class _Stored(NamedTuple):
    names: list[str]
    patterns: np.ndarray
    taken: list[str]
    remarks: list[str]


def _stored(paths: Sequence[Path], threshold: float, invert: bool) -> _Stored:
    from sim.tasks.images import as_patterns, letters
    from sim.tasks.picture_files import read_picture

    if not paths:
        drawn = letters()
        return _Stored(list(drawn), np.array([each.ravel() for each in drawn.values()]), [""] * len(drawn), [])
    read = [read_picture(path, threshold=threshold, invert=invert) for path in paths]
    patterns, names = as_patterns(paths, [each.bits for each in read])[0], [path.name for path in paths]
    doubts = [f"; {each.doubt}" if each.doubt else "" for each in read]
    remarks = [f"{name}: ON: {each.taken}{doubt}" for name, each, doubt in zip(names, read, doubts, strict=True)]
    return _Stored(names, patterns, [each.taken for each in read], remarks)


def _check_distortions(shares: Sequence[float]) -> None:
    for share in shares:
        if not 0 <= share <= 1:
            raise InputError(f"image: distortion {share:g}, allowed 0 to 1")
    if len(set(shares)) < len(shares):
        raise InputError("image: a distortion is given twice")
