"""Damaged layout files, and those that reach too far: refused in one line, never a word of KLayout's."""

import os
import random
import time
import zlib
from pathlib import Path

import klayout.db as kdb
import pytest

from hwlib.checks import write_lyrdb
from hwlib.design import Design
from hwlib.drawing import layout_file
from hwlib.drawing.hierarchy import REACH
from hwlib.drawing.layout_file import read_layout
from hwlib.drawing.reader import open_layout
from hwlib.errors import InputError
from hwlib.process import load_process
from hwlib.workers.forked import bounded
from tests.support.drawn_network import PX, PY, draw_network

EBEAM = load_process("ebeam")


def network():
    return draw_network(Design(name="three", network={"neurons": 3}, seed=3)).layout


def write(layout, path):
    layout.write(str(path))
    return path


def number(value):
    """An unsigned integer of OASIS."""
    out = b""
    while value >= 128:
        out, value = out + bytes([value % 128 + 128]), value // 128
    return out + bytes([value])


@pytest.mark.parametrize("suffix", [".gds", ".oas"])
def test_damaged_files_end_in_one_line(suffix, tmp_path):
    """Cut off and with wrong bytes: read or refused, never a word of KLayout's, nothing that does not end."""
    whole = write(network(), tmp_path / f"whole{suffix}").read_bytes()
    dice, read = random.Random(1), 0
    for k in range(30):
        content = bytearray(whole if k % 3 else whole[: dice.randrange(len(whole))])
        for _ in range(k % 3 * dice.randrange(1, 4)):
            content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
        path = tmp_path / f"damaged{suffix}"
        path.write_bytes(content)
        try:
            open_layout(path, EBEAM)
            read += 1
        except InputError as error:
            assert str(path) in str(error)
            assert "db/" not in str(error) and "Internal" not in str(error)
    assert 0 < read < 30


def test_remarks_of_klayout_are_not_written_to_the_terminal(capfd, tmp_path):
    """Of its own, on records, over many lines; a path of one point is one."""
    layout = kdb.Layout()
    layout.create_cell("top").shapes(layout.layer(1, 0)).insert(kdb.Path([kdb.Point(0, 0)], 100))
    layout.write(str(tmp_path / "a.gds"))
    capfd.readouterr()
    read_layout(tmp_path / "a.gds")
    assert capfd.readouterr() == ("", "")


def test_a_child_tries_every_content_once(tmp_path, monkeypatch):
    """Whatever the file's name; a damaged one, and one with a byte more, each time and at first."""
    tried = []
    monkeypatch.setattr(layout_file, "bounded", lambda work, **bounds: tried.append(bounds) or bounded(work, **bounds))
    layout = network()
    layout.top_cell().name = "tried_once"
    content = write(layout, tmp_path / "a.gds").read_bytes()
    for name in ("a.gds", "b.gds", "a.gds"):
        (tmp_path / name).write_bytes(content)
        read_layout(tmp_path / name)
    assert len(tried) == 1
    (tmp_path / "a.gds").write_bytes(content + b"\0")
    read_layout(tmp_path / "a.gds")
    assert len(tried) == 2
    (tmp_path / "b.gds").write_bytes(content[:-400])
    for count in (3, 4):
        with pytest.raises(InputError, match="damaged"):
            read_layout(tmp_path / "b.gds")
        assert len(tried) == count


def test_a_cell_in_itself_is_damage(tmp_path):
    layout = kdb.Layout()
    outer, inner = layout.create_cell("AA"), layout.create_cell("BB")
    outer.insert(kdb.CellInstArray(inner.cell_index(), kdb.Trans()))
    inner.shapes(layout.layer(1, 0)).insert(kdb.Box(0, 0, 10, 10))
    path = write(layout, tmp_path / "loop.gds")
    content = path.read_bytes()
    assert content.count(b"\x00\x06\x12\x06BB") == 1  # the instance's record: its length, its kind, the name
    path.write_bytes(content.replace(b"\x00\x06\x12\x06BB", b"\x00\x06\x12\x06AA"))
    with pytest.raises(InputError, match=r"loop\.gds: damaged, it begins as GDSII"):
        read_layout(path)


def test_what_follows_the_end_of_a_stream_is_damage(tmp_path):
    """KLayout reads no further than a GDSII stream's end; padding is none of its matter, another stream is."""
    layout = network()
    layout.top_cell().shapes(layout.layer(9, 9)).insert(kdb.Box(0x40400, 0, 0x40500, 0x404))  # looks like its end
    path = write(layout, tmp_path / "one.gds")
    content = path.read_bytes()
    assert content.count(b"\x00\x04\x04\x00") > 1
    for good in (b"", bytes(2048), bytes(100_000)):
        path.write_bytes(content + good)
        read_layout(path)
    for bad in (content, bytes(100_000) + content, b"junk"):
        path.write_bytes(content + bad)
        with pytest.raises(InputError, match=r"one\.gds: damaged, it begins as GDSII but does not end where it says"):
            read_layout(path)


@pytest.mark.parametrize("packed", [False, True])
def test_what_follows_the_end_of_an_oasis_file_is_damage(tmp_path, packed):
    """As of GDSII; its last record has 256 bytes, and nothing may follow it."""
    options = kdb.SaveLayoutOptions()
    options.format, options.oasis_write_cblocks, options.oasis_strict_mode = "OASIS", packed, not packed
    layout = network()
    layout.top_cell().set_property("looks like", "%SEMI-OASIS\r\n")  # another file's beginning
    content = layout.write_bytes(options)
    assert content.count(b"%SEMI-OASIS\r\n") == 2 and content.endswith(b"\x80\x80\0\0")
    path = tmp_path / "one.oas"
    for signature in (b"\0", b"\1abcd", b"\2abcd"):
        good = content[: -1 - len(signature)] + b"\0" + signature
        path.write_bytes(good)
        read_layout(path)
        for bad in (good + b"junk", good + b"\0", good + good, good + bytes(256), good + b"junk" + good[-256:]):
            path.write_bytes(bad)
            with pytest.raises(
                InputError, match=r"one\.oas: damaged, it begins as OASIS but (does not end|cannot be read)"
            ):
                read_layout(path)


def test_repetitions_without_end_are_stopped(tmp_path):
    """An OASIS file of 30 bytes can ask for more shapes than any memory holds."""

    start = b"%SEMI-OASIS\r\n" + b"\x01\x031.0" + b"\x00" + number(1000) + b"\x00" + b"\x00" * 12
    cell = b"\x0e" + b"\x03top"
    many = b"\x0a" + number(2**31) + b"".join(number(3) for _ in range(64))
    text = b"\x13" + bytes([0b01011111]) + b"\x03gnd" + b"\x04" + b"\x00" + b"\x00" + b"\x00" + b"\x01"
    path = tmp_path / "many.oas"
    path.write_bytes(start + cell + text + number(2**31) + number(2**31) + number(1) + number(1) + many)
    with pytest.raises(InputError, match="damaged"):
        read_layout(path)


@pytest.mark.parametrize("where", ["shape", "instance", "array", "text"])
def test_coordinates_beyond_range_are_said_to_be_so(where):
    layout = network()
    top, far = layout.cell("hand"), 2**31 - 1
    soma = layout.cell("soma").cell_index()
    if where == "shape":
        top.shapes(layout.layer(*EBEAM.layers["m4"].gds)).insert(kdb.Box(0, 0, far, 40))
    elif where == "instance":
        top.insert(kdb.CellInstArray(soma, kdb.Trans(far, 0)))
    elif where == "array":
        top.insert(kdb.CellInstArray(soma, kdb.Trans(), kdb.Vector(PX, 0), kdb.Vector(0, PY), 1, REACH // PY + 2))
    else:
        top.shapes(layout.layer(*EBEAM.layers["m2"].label)).insert(kdb.Text("gnd", -far, 0))
    with pytest.raises(InputError, match=r"coordinates of cell 'hand' reach .* database units, 134217728 \(0\.134 m\)"):
        open_layout(layout, EBEAM)


def test_cells_repeated_without_end_are_refused():
    layout = network()
    inner = layout.cell("soma").cell_index()
    for k in range(8):
        cell = layout.create_cell(f"more_{k}")
        cell.insert(kdb.CellInstArray(inner, kdb.Trans(), kdb.Vector(1, 0), kdb.Vector(0, 1), 9, 9))
        inner = cell.cell_index()
    layout.cell("hand").insert(kdb.CellInstArray(inner, kdb.Trans()))
    with pytest.raises(InputError, match=r"cell 'more_3' holds \d+ instances of cells, 30000000 can be handled"):
        open_layout(layout, EBEAM)


@pytest.mark.parametrize("unit", [0.0015, 0.011, 0.0, 1e-30, -0.001, 1e30, float("nan")])
def test_a_database_unit_must_fit_the_grid(unit):
    layout = network()
    layout.dbu = unit
    with pytest.raises(InputError, match="database unit"):
        open_layout(layout, EBEAM)


def test_a_cell_name_that_is_no_text(tmp_path):
    """In one of several top cells, where it would be listed, and deep down."""
    layout = network()
    layout.create_cell("sparexx").shapes(layout.layer(1, 0)).insert(kdb.Box(0, 0, 10, 10))
    content = write(layout, tmp_path / "whole.gds").read_bytes()
    for name in (b"sparexx", b"soma"):
        path = tmp_path / "odd.gds"
        path.write_bytes(content.replace(name, name[:-1] + b"\xf4"))
        with pytest.raises(InputError, match="damaged, a cell name is no UTF-8 text"):
            open_layout(path, EBEAM)


def test_a_label_that_is_no_text(tmp_path):
    layout = network()
    layout.top_cell().shapes(layout.layer(*EBEAM.layers["m2"].label)).insert(kdb.Text("strange", 0, 0))
    content = write(layout, tmp_path / "whole.gds").read_bytes()
    path = tmp_path / "odd.gds"
    path.write_bytes(content.replace(b"strange", b"strang\xf4"))
    assert [remark.name for remark in open_layout(path, EBEAM).remarks] == ["\ufffd"]


def test_a_thousand_wrappers_are_taken_off_at_once():
    layout, inner = network(), "hand"
    for k in range(1000):
        cell = layout.create_cell(f"wrapper_{k}")
        cell.insert(kdb.CellInstArray(layout.cell(inner).cell_index(), kdb.Trans(3, 1)))
        inner = cell.name
    begun = time.process_time()
    drawing = open_layout(layout, EBEAM)
    assert time.process_time() - begun < 2
    assert sum(1 for _ in drawing.layout.each_cell()) < 20
    assert drawing.top.bbox().moved(-3000, -1000) == network().top_cell().bbox()


def test_bombs_are_stopped_within_seconds(tmp_path):
    """An OASIS file of 0.2 MB that unpacks to 200 MB of nothing."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(bytes(20_000_000)) + packer.flush()
    block = b"\x22\x00" + number(20_000_000) + number(len(packed)) + packed
    start = b"%SEMI-OASIS\r\n" + b"\x01\x031.0" + b"\x00" + number(1000) + b"\x00" + b"\x00" * 12 + b"\x0e\x03top"
    path = tmp_path / "bomb.oas"
    path.write_bytes(start + 10 * block)
    with pytest.raises(InputError, match=r"cannot be read within 2 s"):
        read_layout(path)


@pytest.mark.parametrize("padding", [252, 251, 253, 400])
def test_the_string_in_the_last_record_of_an_oasis_file_fills_it(tmp_path, padding):
    """Identifier, a length of two bytes, 252 bytes and no signature: one that says another length is damage."""
    options = kdb.SaveLayoutOptions()
    options.format, options.oasis_strict_mode = "OASIS", False
    content = network().write_bytes(options)
    path = tmp_path / "end.oas"
    path.write_bytes(content[:-256] + b"\2" + number(padding) + bytes(252) + b"\0")
    if padding == 252:
        read_layout(path)
    else:
        with pytest.raises(InputError, match=r"end\.oas: damaged, it begins as OASIS but does not end"):
            read_layout(path)


@pytest.mark.parametrize("name", ["pipe:touch DONE;cat a.gds;", "~", "data:a", "file:a", "a\nb", os.fsdecode(b"\xff")])
def test_files_are_read_and_written_as_they_are_called(tmp_path, monkeypatch, name):
    """KLayout executes what follows ``pipe:``, takes ~ for the home folder, and finds no bytes that are no text."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    layout = kdb.Layout()
    layout.create_cell("top").shapes(layout.layer(1, 0)).insert(kdb.Box(0, 0, 10, 10))
    Path(f"{name}.gds").write_bytes(layout.write_bytes(kdb.SaveLayoutOptions()))
    assert read_layout(f"{name}.gds").top_cell().name == "top"
    Path(name).mkdir()
    write_lyrdb([], Path(name) / "drc.lyrdb", top_cell="top")
    assert (Path(name) / "drc.lyrdb").read_bytes().startswith(b"<?xml")
    assert sorted(path.name for path in Path().iterdir()) == sorted([name, f"{name}.gds"])
