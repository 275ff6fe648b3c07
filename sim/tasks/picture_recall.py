"""Pictures as a task: stored together, restored from distorted copies; what foretells that they do not come back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from hwlib.design import Design
from hwlib.errors import FieldsError, InputError
from hwlib.storage.file_labels import told_apart
from hwlib.storage.netcdf import Wanted
from hwlib.task_kinds import Find, ImagesFields, Problem, Programme
from hwlib.weights import hebbian
from sim.tasks.images import distort, letters, refuse_no_set
from sim.tasks.kinds import Measure, RunTask, Shown, add_cases
from sim.tasks.picture_files import Picture, read_picture
from sim.tasks.recall import COLUMNS, NUMBERS, RETOLD, Case, case_rows, recall_contradiction, score_recall
from sim.tasks.scores import same_memory

if TYPE_CHECKING:
    import xarray as xr

    from hwlib.network import Network
    from sim.protocol import Protocol

_NOTHING = 1e-9  # of the largest soma current: less is rounding
MOST_SHOWN = 12  # rows of pictures in a report


@dataclass(frozen=True)
class PictureSet(Programme):
    """Pictures that were read.

    Attributes:
        names: of the files, or letters.
        shape: rows and columns.
        taken: what was taken as ON of each; empty for the letters.
    """

    names: tuple[str, ...]
    shape: tuple[int, int]
    taken: tuple[str, ...]


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

    def said(self, neurons: int, wires: str = "ideal wires") -> str:
        """What of it foretells that distorted copies do not come back; empty when nothing does."""
        if self.leaving:
            inverse = f"{self.inverse_leaving} its inverse" if self.inverse_leaving else "its inverse is one"
            return f"no rest state ({wires}): {self.leaving} of {neurons} neurons leave it, {inverse}"
        if self.undriven:
            return (
                f"no rest state by its weights alone ({wires}): {self.undriven} of {neurons} neurons are held "
                "by nothing but their leak"
            )
        if self.inverse_leaving:
            return f"its inverse is no rest state ({wires}): {self.inverse_leaving} of {neurons} neurons leave it"
        return ""


def stored_memories(network: Network, point: Protocol, patterns: np.ndarray) -> list[Memory]:
    """How a network that stores patterns holds each of them: one static solve a state.

    Args:
        network: ideal or extracted.
        point: its voltages, and its weights where it takes any.
        patterns: bits, shape (patterns, N).
    """
    from sim.rules import rest_states

    found = rest_states(network, point, np.concatenate([patterns, 1 - patterns]))
    leaving = found.leaving.sum(axis=1).reshape(2, len(patterns))
    current = found.soma_current[: len(patterns)]
    toward = np.where(patterns == 1, current, -current)
    undriven = (toward <= _NOTHING * np.abs(current).max()).sum(axis=1)
    return [Memory(*map(int, each)) for each in zip(leaving[0], leaving[1], undriven, strict=True)]


class Images(ImagesFields, RunTask):
    """Recall of pictures from distorted copies: the network stores all of them, a neuron per pixel."""

    title: ClassVar[str] = "Images"
    note: ClassVar[str] = "A picture and its inverse count as one."
    measure: ClassVar[str] = "accuracy"
    measure_label: ClassVar[str] = "accuracy"
    pictured: ClassVar[tuple[str, ...]] = ("state", "start")
    retold: ClassVar[Mapping[str, Wanted]] = RETOLD
    numbers: ClassVar[tuple[Measure, ...]] = NUMBERS
    columns: ClassVar[tuple[Measure, ...]] = (
        Measure("picture", "picture", "text", "file or letter"),
        *COLUMNS,
        Measure("on", "", "whole", "ON pixels of the picture"),
        Measure("rests", "", "yes", "it is a rest state of the network, by weights and leaks"),
        Measure("inverse_rests", "", "yes", "its inverse is one"),
        Measure("undriven", "", "whole", "neurons without a drive toward their bit: only the leak may hold them"),
        Measure("taken", "", "text", "what was taken as ON; empty for the letters"),
    )  # fmt: skip

    def read(self, find: Find) -> PictureSet:
        """The pictures as patterns, each file read once."""
        if self.pictures is None:
            drawn = letters()
            return _set(list(drawn), list(drawn.values()), [""] * len(drawn), [])
        paths, read = [], []
        wrong: list[Problem] = []
        for k, name in enumerate(self.pictures):
            try:
                paths.append(find(name))
                read.append(read_picture(paths[-1], threshold=self.threshold, invert=self.invert))
            except InputError as error:
                wrong.append((("pictures", k), str(error)))
        if not wrong:
            try:
                return _read_set([Path(path) for path in paths], read)
            except InputError as error:
                wrong = [(("pictures",), str(error))]
        raise FieldsError(wrong)

    def start_bits(self, design: Design, trials: int | None = None) -> np.ndarray:
        """Distorted copies, drawn one after the other with the design's seed; then from the first again."""
        pictures, rng = _pictures(design), np.random.default_rng(design.seed)
        cases = self.cases(design)
        count = len(cases) if trials is None else trials
        drawn = [distort(pictures[case.pattern], case.distortion, rng) for case in cases[:count]]
        return np.array([drawn[k % len(cases)] for k in range(count)])

    def cases(self, design: Design) -> list[Case]:
        """Every picture, with every share, so many times."""
        pairs = [(p, share) for p in range(len(_pictures(design))) for share in self.distortion]
        return [Case(p, share, row) for row, (p, share) in enumerate(pairs) for _ in range(self.trials)]

    def foretold(self, design: Design, network: Network, point: Protocol) -> list[str]:
        """Which pictures are no rest states of the network."""
        found, wires = _read(design), "as drawn" if network.has_wires else "ideal wires"
        memories = stored_memories(network, point, _pictures(design))
        said = [(name, memory.said(network.neurons, wires)) for name, memory in zip(found.names, memories, strict=True)]
        return [f"{name}: {text}" for name, text in said if text]

    def as_good(self, design: Design, state: np.ndarray, wanted: np.ndarray) -> bool:
        """The state or its inverse."""
        return same_memory(state, wanted)

    def contradiction(self, result: xr.Dataset, design: Design) -> str:
        """As of recall, of the pictures."""
        starts = self.start_bits(design, result.sizes["trial"])
        return recall_contradiction(result, _pictures(design), self.cases(design), starts)

    def score(self, result: xr.Dataset, design: Design, network: Network, point: Protocol) -> None:
        """Right bits of the picture that was distorted, or of its inverse."""
        found, patterns, every = _read(design), _pictures(design), self.cases(design)
        count = result.sizes["trial"]
        cases = [every[k % len(every)] for k in range(count)]
        added = score_recall(result, patterns, self.start_bits(design, count), cases)
        result.update(added)
        memories = stored_memories(network, point, patterns)
        facts = [
            {"picture": name, "taken": taken, "on": int(bits.sum()), "rests": not memory.leaving,
             "inverse_rests": not memory.inverse_leaving, "undriven": memory.undriven}
            for name, taken, bits, memory in zip(found.names, found.taken, patterns, memories, strict=True)
        ]  # fmt: skip
        rows = case_rows(result, added, cases)
        add_cases(result, self.columns, [{**row, **facts[row["pattern"]]} for row in rows])

    def shown(self, result: xr.Dataset, design: Design) -> list[list[Shown]]:
        """Of each picture and share the first trial: as stored, as loaded, as it came back."""
        found, patterns, cases = _read(design), _pictures(design), self.cases(design)
        rows: list[list[Shown]] = []
        for row in dict.fromkeys(case.row for case in cases):
            k = next(k for k, case in enumerate(cases) if case.row == row)
            if k >= result.sizes["trial"] or len(rows) == MOST_SHOWN:
                break
            name, share = found.names[cases[k].pattern], f"{100 * cases[k].distortion:g} %"
            pictures = {
                f"{name} as stored": patterns[cases[k].pattern], f"{share} distorted": result["start"].values[k],
                "as it came back": result["state"].values[k],
            }  # fmt: skip
            rows.append([Shown(title, np.reshape(bits, found.shape)) for title, bits in pictures.items()])
        return rows


def _read_set(paths: list[Path], read: list[Picture]) -> PictureSet:
    refuse_no_set(paths, [each.bits for each in read])
    names = told_apart([str(path) for path in paths])
    remarks = [
        f"{name}: ON: {each.taken}" + (f"; {each.doubt}" if each.doubt else "")
        for name, each in zip(names, read, strict=True)
    ]
    return _set(names, [each.bits for each in read], [each.taken for each in read], remarks)


def _set(names: list[str], pictures: list[np.ndarray], taken: list[str], remarks: list[str]) -> PictureSet:
    patterns, (rows, columns) = np.array([picture.ravel() for picture in pictures]), pictures[0].shape
    of = f"the pictures have {rows * columns} pixels ({rows} × {columns})"
    return PictureSet(of, hebbian(patterns), patterns, tuple(remarks), tuple(names), (rows, columns), tuple(taken))


def _read(design: Design) -> PictureSet:
    assert isinstance(design.programme, PictureSet)
    return design.programme


def _pictures(design: Design) -> np.ndarray:
    patterns = _read(design).patterns
    assert patterns is not None
    return patterns
