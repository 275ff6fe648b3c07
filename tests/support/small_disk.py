"""Disks that fill up: a small file system of memory, or, where none can be mounted, a limit on the size of files."""

from __future__ import annotations

import contextlib
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

NO_MOUNT = "a small file system can only be mounted by root, with the right to"


class MountError(Exception):
    """This process may not mount a file system."""


@contextlib.contextmanager
def small_disk(folder: Path, size: int) -> Iterator[None]:
    """Mount an empty file system of ``size`` bytes (whole pages of 4 KiB) on ``folder``.

    Raises:
        MountError: not allowed here.
    """
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        raise MountError(NO_MOUNT)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, check=True)


def resize(folder: Path, size: int) -> None:
    """Change the size of a mounted small disk."""
    subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], capture_output=True, check=True)


@contextlib.contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Files of this process and its children cannot become larger than ``size`` bytes.

    They store no bytecode: Python would cut it off, and end in the middle of it ever after.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "dont_write_bytecode", True)
        patch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
