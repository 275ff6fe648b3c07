"""Files from outside: regular and bounded ones are read; messages that quote them; paths that stay inside."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hwlib.errors import LONGEST_LINE, MOST_LINES, InputError, all_of, shown
from hwlib.graph_reader import read_graph
from hwlib.storage import files
from hwlib.storage.files import inside, open_outside, read_bytes, read_text


def test_missing_and_folder(tmp_path):
    with pytest.raises(InputError, match="no such test file"):
        read_text(tmp_path / "none", "test")
    with pytest.raises(InputError, match="cannot read"):
        read_text(tmp_path, "test")


def test_error_message_is_one_line():
    assert str(InputError("a\n  b\tc")) == "a b c"


def test_a_long_name_loses_its_middle_and_what_is_wrong_stays():
    told = "weights.matrix: found a list of seventeen values in row 12 where the sixteen neurons need sixteen values"
    line = str(InputError(f"{'n' * 300}.csv:12: {told}"))
    assert line.endswith(f"n.csv:12: {told}") and line.startswith("nnn") and len(line) <= LONGEST_LINE
    assert str(InputError("b" * 300)) == "b" * 127 + "…" + "b" * 63


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_text_in_another_encoding_is_told_so(tmp_path, encoding):
    path = tmp_path / "d.yaml"
    path.write_text("name: ä\n", encoding)
    with pytest.raises(InputError, match=rf"d\.yaml: test file is not UTF-8 text but {encoding[:6].upper()}; save"):
        read_text(path, "test")


@pytest.mark.parametrize(("begins", "kind"), [
    (b"\x00\x06\x00\x02\x02\x58", "GDSII"), (b"%SEMI-OASIS\r\n\x01", "OASIS"),
    (b"\x1f\x8b\x08\0", "compressed with gzip; unpack"),
    (b"PK\x03\x04", "compressed with zip; unpack"), (b"\x89HDF\r\n\x1a\n", "HDF5 or netCDF"), (b"\x89PNG\r\n", "PNG"),
    (b"RIFF\x1a\0\0\0WEBPVP8L", "WebP"), (b"\0\0\1\0\1\0", "icon"),
])  # fmt: skip
def test_a_file_of_another_kind_than_its_name_says_is_told_so(tmp_path, begins, kind):
    """A layout given as the design was called UTF-16 that should be saved as UTF-8: GDSII begins with such zeros."""
    path = tmp_path / "d.yaml"
    path.write_bytes(begins)
    with pytest.raises(InputError, match=rf"d\.yaml: test file is not UTF-8 text but {kind}"):
        read_text(path, "test")


def test_streams_are_refused_with_what_to_do(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in ("-", tmp_path / "pipe"):
        with pytest.raises(InputError, match=r"streams are not read, save it as a file$"):
            read_text(path, "design")
    with pytest.raises(InputError, match=r"no such design file$"):
        read_text(tmp_path / "none", "design")


@pytest.mark.parametrize("read", [lambda path: read_text(path, "graph"), read_graph])
def test_a_file_that_has_nothing_to_read_yet_is_refused(tmp_path, monkeypatch, read):
    """Such as /proc/kmsg, which says that it is a regular file: nobody waits for it, or takes None for bytes."""
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr(files, "_check_regular", lambda *_: None)
    writer = os.open(tmp_path / "pipe", os.O_RDWR)
    with pytest.raises(InputError, match=r"pipe: cannot read graph file \(not a file on a disk\)$"):
        read(tmp_path / "pipe")
    os.close(writer)


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", ".."])
def test_paths_that_leave_are_refused(tmp_path, path):
    with pytest.raises(InputError, match="leaves its folder"):
        inside(tmp_path, path, "field")


def test_paths_inside_and_links(tmp_path):
    assert inside(tmp_path, "a/b.csv", "field") == (tmp_path / "a" / "b.csv").resolve()
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (tmp_path / "link").symlink_to(outside)
    with pytest.raises(InputError, match="leaves its folder"):
        inside(tmp_path, "link/secret", "field")


KINDS = {
    "fifo": "it is a FIFO", "link": "it is a FIFO", "loop": "cannot read text file", "": "it is a folder",
    "file/x": "no such text file", "none": "no such text file", "a\0b": r"a\x00b: no name of a text file",
    "a\ud800b": r"a\ud800b: no name of a text file", "a\x1b[31m\u202eb": r"a\x1b[31m\u202eb: no such text file",
    "a" * 5000: "cannot read text file", "/dev/zero": "it is a device",
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS, ids=range(len(KINDS)))
def test_only_regular_files_are_opened(tmp_path, name):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("fifo")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_text("x")
    for read in (read_text, read_bytes):
        with pytest.raises(InputError) as caught:
            read(tmp_path / name, "text")
        message = str(caught.value)
        assert KINDS[name] in message and len(message) <= LONGEST_LINE and message.isprintable()


def test_size_is_bounded(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"x" * 2049)
    assert len(read_bytes(path, "text", 2049)) == 2049
    with pytest.raises(InputError, match="text file is larger than 2 KiB"):
        read_bytes(path, "text", 2048)
    with pytest.raises(InputError, match="larger than"):
        read_bytes("/proc/self/status", "text", 10)  # which says that it has 0 bytes


def test_what_cannot_be_read_once_it_is_open_is_named():
    """It was taken for standard output; errors of other files keep their names."""
    says = pytest.raises(InputError, match=r"^/proc/self/mem: cannot read test file \(Input/output error\)$")
    with says, open_outside("/proc/self/mem", "test", 9) as stream:
        stream.read(1)
    with pytest.raises(FileNotFoundError), open_outside(__file__, "test", 99_999):
        Path(f"{__file__}.none").read_bytes()


def test_what_was_looked_at_is_what_is_read(tmp_path):
    """Another file under the same name, once it is open, is not seen."""
    path = tmp_path / "f"
    path.write_bytes(b"first")
    with open_outside(path, "text", 100) as stream:
        path.rename(tmp_path / "g")
        os.mkfifo(path)
        assert stream.read() == b"first"


def test_messages_are_short_and_harmless():
    message = str(InputError("/a/file: " + "x" * 1000 + "\x1b[2J\ud800: allowed: this"))
    assert len(message) == LONGEST_LINE
    assert message.startswith("/a/file: xxx") and message.endswith(r"\x1b[2J\ud800: allowed: this")
    deep = str(InputError("/folder" * 30 + "/file.yaml:3: field: wrong"))
    assert len(deep) == LONGEST_LINE and deep.endswith("/folder/file.yaml:3: field: wrong") and deep[0] == "…"
    assert InputError("one", "two\n three").lines == ("one", "two three")


def test_many_errors_are_counted():
    lines = [f"f: {k}" for k in range(MOST_LINES)]
    assert all_of(lines, "f").lines == tuple(lines)
    assert all_of([*lines, "x", "y"], "f").lines == (*lines[:-1], "f: and 3 more")


def test_quoted_values_are_short():
    for value in ("x" * 10**6, 10**10000, [[0] * 10**6], "\x1b\n\ud800", {1: 2}, -1.5, None):
        assert len(shown(value)) <= 45 and shown(value).isprintable()
