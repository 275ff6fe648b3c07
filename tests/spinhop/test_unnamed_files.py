"""Errors of files that the system does not name: whose they were is told, and not taken for standard output."""

from __future__ import annotations

import asyncio
import errno
import gc
import multiprocessing.synchronize
import os
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import TextIO

import click
import pytest
from rich.console import Console
from ruamel.yaml import YAML

from spinhop.cli import guarded


def _full() -> TextIO:
    return Path("/dev/full").open("w", buffering=1)


def _no_semaphore(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


WRITERS: dict[str, tuple[Callable[[], object], str]] = {
    "our own": (lambda: print("a", file=_full()), "standard output"),
    "click": (lambda: click.echo("a", file=_full()), "standard output"),
    "rich": (lambda: Console(file=_full()).print("a"), "standard output"),
    "a library": (lambda: YAML().dump({"a": 1}, _full()), "a file that ruamel writes"),
    "semaphores": (multiprocessing.get_context().Lock, "shared memory (/dev/shm)"),
}


def test_a_second_error_that_nobody_asks_for_is_not_logged(spinhop, caplog):
    """Of a store's files, written at once, two had no room: a traceback behind the one line."""
    assert spinhop("--version")[0] == 0
    loop = asyncio.new_event_loop()
    loop.create_future().set_exception(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    gc.collect()
    loop.close()
    assert not caplog.records


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("writer", WRITERS)
def test_whose_file_had_no_room_is_told(writer, capfd, monkeypatch):
    call, whose = WRITERS[writer]
    code = _no_semaphore.__code__.replace(co_filename=multiprocessing.synchronize.__file__)  # what is in C has no frame
    monkeypatch.setattr("_multiprocessing.SemLock", FunctionType(code, globals()))
    assert guarded(call) == 2
    assert capfd.readouterr().err == f"spinhop: {whose}: No space left on device\n"
