"""Graph files of given content, read or refused."""

from __future__ import annotations

import pytest

from hwlib.errors import InputError
from sim.tasks import graphs

BANNER = "%%MatrixMarket matrix"


def read(tmp_path, name, text, **options):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return graphs.read_graph(path, **options)


def refused(tmp_path, name, text, **options):
    with pytest.raises(InputError) as error:
        read(tmp_path, name, text, **options)
    line = str(error.value)
    assert name in line and "\n" not in line and len(line) <= 200
    return line.removeprefix(str(tmp_path / name))
