"""Files that let a simulation that was stopped, or killed, go on where it was and end with the same bits."""

from __future__ import annotations

import hashlib
import io
import math
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hwlib.errors import InputError
from hwlib.network import Network
from hwlib.storage.files import open_outside, refuse_without_descriptors
from hwlib.storage.writing import refuse_no_name, refuse_unwritable, temporary_of, write_atomic
from sim.contents_hash import add_contents
from sim.energies import impossible_energies
from sim.protocol import Protocol
from sim.result import Trials, joined
from sim.ties import SIGNS
from sim.walls import on_tracks

_LARGEST = 2**36  # bytes of a file
_NEVER_NEGATIVE = "time_load", "time_convergence", "kcl_residual", "steps"
_BEYOND = 1e-7  # of a track: engines take walls so near an end for walls at it
_ARRAYS = [name for name in Trials.__dataclass_fields__ if name != "trace"]


class CheckpointError(InputError):
    """A checkpoint that cannot be read, or belongs to other trials.

    Attributes:
        path: its file.
    """

    def __init__(self, path: Path, what: str):
        super().__init__(f"{path}: {what}")
        self.path, self.what = path, what

    def __reduce__(self) -> tuple[type[CheckpointError], tuple[Path, str]]:
        return CheckpointError, (self.path, self.what)  # may be raised in another process


def under_way(path: Path) -> Path:
    """File for the trial that comes next, for engines that can stop within one, beside that of finished trials."""
    return path.with_name(path.name + ".trial")


def beside(path: Path, name: str) -> Path:
    """File for trials that are run again, by the name of what they are run with, beside that of the first time."""
    return path.with_name(f"{path.name}.{name}")


def refuse_impossible(path: Path) -> None:
    """Refuse a checkpoint before there is anything to keep in it.

    Raises:
        InputError: it, or a file named after it, cannot be called or written so.
    """
    refuse_unwritable(path)
    for file in _all_files(path):
        refuse_no_name(file)


def forget(path: Path) -> None:
    """Remove what an interrupted batch left at ``path``: trials under way and run again, and half-written files."""
    for file in _all_files(path):
        file.unlink(missing_ok=True)
        temporary_of(file).unlink(missing_ok=True)


def _all_files(path: Path) -> list[Path]:
    return [file for each in (path, *(beside(path, name) for name in SIGNS)) for file in (each, under_way(each))]


class _ForeignError(Exception):
    """A file that this toolkit does not write so."""


class FinishedTrials:
    """Finished trials of a batch, in a file that is replaced whole whenever some more are done.

    Args:
        path: the file; read when it exists.
        identity: what the trials are of (``identity``).
        network: that they are simulated on.
        most: how many trials the batch has.

    Raises:
        CheckpointError: the file cannot be read, or is of another batch.
    """

    def __init__(self, path: Path, identity: str, network: Network, most: int):
        self.path, self._identity = path, identity
        self._network, self._most = network, most
        self._done: list[Trials] = []
        if path.exists():
            self._done.append(self._read())

    @property
    def count(self) -> int:
        """How many trials are done."""
        return sum(len(each.steps) for each in self._done)

    def keep(self, trials: Trials) -> None:
        """Add trials and write the file."""
        self._done.append(trials)
        self._done = [self.all()]
        write_state(self.path, self._identity, {name: getattr(self._done[0], name) for name in _ARRAYS})

    def all(self) -> Trials:
        """All finished trials in their order."""
        return joined(self._done)

    def _read(self) -> Trials:
        arrays = read_state(self.path, self._identity, _ARRAYS, "network, protocol, engine or tolerance")
        if len({len(each) if each.ndim else -1 for each in arrays.values()}) != 1 or not len(arrays[_ARRAYS[0]]):
            raise CheckpointError(self.path, "damaged, or no checkpoint (arrays of different lengths)")
        if not self._are_trials(arrays):
            raise CheckpointError(self.path, "damaged, or no checkpoint (arrays of other kinds or shapes)")
        if any(not np.isfinite(arrays[name]).all() or arrays[name].min(initial=0) < 0 for name in _NEVER_NEGATIVE):
            raise CheckpointError(self.path, "damaged, or no checkpoint (arrays of numbers that cannot be)")
        if wrong := impossible_energies(arrays["energy_source"], arrays["energy_sink"]):
            raise CheckpointError(self.path, f"damaged, or no checkpoint ({wrong})")
        if not on_tracks(self._network, arrays["wall_final"], _BEYOND):
            raise CheckpointError(self.path, "damaged, or no checkpoint (arrays of walls off their tracks)")
        return Trials(**arrays)

    def _are_trials(self, arrays: dict[str, np.ndarray]) -> bool:
        """Whether every array is one of numbers as this batch's trials have them."""
        count, devices = len(arrays[_ARRAYS[0]]), self._network.devices
        ends: dict[str, tuple[int, ...]] = {"wall_final": (devices,), "energy_source": (3,), "energy_sink": (3,)}
        states = arrays["state_final"].shape
        ends["state_final"] = (states[1] if len(states) == 3 else 0, devices)
        kinds = {"at_rest": "b", "steps": "iu"}
        return count <= self._most and all(
            each.shape == (count, *ends.get(name, ())) and each.dtype.kind in kinds.get(name, "f")
            for name, each in arrays.items()
        )


def write_state(path: Path, identity: str, arrays: dict[str, np.ndarray]) -> None:
    """Write a checkpoint, whole or not at all."""

    def save(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez(file, identity=np.array(identity), **arrays)  # type: ignore[arg-type]

    write_atomic(path, save, one_writer=True)


def read_state(path: Path, identity: str, names: Sequence[str], of: str) -> dict[str, Any]:
    """Read arrays of a checkpoint.

    Args:
        path: the file.
        identity: what it must be of.
        names: of its arrays.
        of: what another identity may differ in, for the message.

    Raises:
        CheckpointError: the file is damaged, no checkpoint, or has another identity.
        InputError: no regular file.
    """
    size = path.stat().st_size if path.is_file() else 0
    with open_outside(path, "checkpoint", _LARGEST) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                stored = {name: _array(archive, name, size) for name in ("identity", *names)}
        except _ForeignError as error:
            raise CheckpointError(path, f"damaged, or no checkpoint ({error})") from None
        except Exception as error:  # zipfile and NumPy raise many kinds on damaged files
            refuse_without_descriptors(path, error)  # the file is to be kept
            raise CheckpointError(path, f"damaged, or no checkpoint ({type(error).__name__})") from None
    if str(stored.pop("identity")) != identity:
        raise CheckpointError(path, f"checkpoint of another {of}; remove it to start anew")
    return stored


def _array(archive: zipfile.ZipFile, name: str, most: int) -> np.ndarray:
    """One array; what the file claims of it is compared with its size before anything is read."""
    member = archive.getinfo(f"{name}.npy")
    if member.compress_type != zipfile.ZIP_STORED or member.file_size > most:
        raise _ForeignError("not written by this toolkit")
    content = io.BytesIO(archive.read(member))  # checks the sum
    if np.lib.format.read_magic(content) != (1, 0):
        raise _ForeignError("not written by this toolkit")
    shape, _, dtype = np.lib.format.read_array_header_1_0(content)
    if dtype.kind not in "biufU" or not dtype.itemsize:  # of items without size any number fits a file
        raise _ForeignError("an array of something else than numbers")
    if math.prod(shape) * dtype.itemsize != len(content.getbuffer()) - content.tell():
        raise _ForeignError("an array claims another shape than its data")
    content.seek(0)
    return np.lib.format.read_array(content, allow_pickle=False)


def identity(network: Network, protocols: Sequence[Protocol], engine: str, tolerance: float) -> str:
    """A name for everything that trials depend on: equal only for the same trials, in the same order."""
    digest = hashlib.sha256(repr((engine, tolerance)).encode())
    add_contents(digest, network)
    for protocol in protocols:
        add_contents(digest, protocol)
    return digest.hexdigest()
