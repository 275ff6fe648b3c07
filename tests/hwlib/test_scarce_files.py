"""A process that may open no more files: it says so, and blames no file."""

from __future__ import annotations

import errno
import os
import zipfile
from pathlib import Path
from typing import NoReturn

import klayout.db as kdb
import pytest

import hwlib.drawing.layout_file
import hwlib.storage.netcdf
from hwlib.design import completed, load_design
from hwlib.drawing.layout_file import read_layout
from hwlib.errors import StorageError
from hwlib.network_file import read_network
from sim.checkpoint import read_state
from spinhop.cli import guarded
from spinhop.optimize.trial_evaluation import judged
from spinhop.study.study_store import _damaged

WORDS = r"cannot be read \(Too many open files; allow more, ulimit -n\)$"


def _none_left(*_args: object, **_how: object) -> NoReturn:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def test_a_reader_without_descriptors_calls_no_file_damaged(tmp_path, monkeypatch):
    for module in (hwlib.storage.netcdf, hwlib.drawing.layout_file):
        monkeypatch.setattr(module, "bounded", _none_left)
    monkeypatch.setattr(zipfile, "ZipFile", _none_left)
    path = tmp_path / "some.nc"
    path.write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(StorageError, match=rf"some\.nc: {WORDS}"):
        read_network(path)
    with pytest.raises(StorageError, match=rf"some\.nc: {WORDS}"):  # no CheckpointError, after which it is removed
        read_state(path, "", (), "trial")
    layout = kdb.Layout()
    layout.create_cell("top")
    layout.write(str(tmp_path / "some.gds"))
    with pytest.raises(StorageError, match=rf"some\.gds: {WORDS}"):
        read_layout(tmp_path / "some.gds")


def test_a_store_and_a_nameless_error_say_it_too(tmp_path, capsys):
    try:
        try:
            _none_left()
        except OSError:
            raise KeyError("zarr.json")  # noqa: B904, as libraries do
    except KeyError as error:
        with pytest.raises(StorageError, match=WORDS):
            _damaged(tmp_path, error)
    assert "damaged" in str(_damaged(tmp_path, KeyError("zarr.json")))
    assert guarded(_none_left) == 2
    assert capsys.readouterr().err == "spinhop: Too many open files; allow more, ulimit -n\n"


def test_a_design_whose_files_cannot_be_opened_is_not_refused(tmp_path, monkeypatch):
    """The task's reader took it for a fault of the graph, and a search for one of the design."""
    (tmp_path / "g.txt").write_text("3 2\n1 2 1\n2 3 1\n")
    path = tmp_path / "d.yaml"
    path.write_text("name: d\ntask: {kind: maxcut, graphs: [g.txt]}\n")
    design, opened = load_design(path), os.open

    def scarce(name: os.PathLike[str], *how: int) -> int:
        return _none_left() if Path(name).name == "g.txt" else opened(name, *how)

    monkeypatch.setattr(os, "open", scarce)
    for read in (lambda: load_design(path), lambda: completed(design), lambda: judged(path)):
        with pytest.raises(StorageError, match=rf"g\.txt: {WORDS}"):
            read()
