"""YAML errors in one line with their place; files written whole or not at all; paths that stay inside."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from hwlib.errors import InputError
from hwlib.files import inside, load_model, read_text, replacing, write_atomic


class _Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    size: int = 1
    names: tuple[str, ...] = ()


class _Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str
    inner: _Inner = _Inner()


def _error(tmp_path: Path, text: str | bytes) -> str:
    path = tmp_path / "f.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(InputError) as caught:
        load_model(path, _Outer, "test")
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(path))
    return message.removeprefix(str(path))


def test_good_file(tmp_path):
    path = tmp_path / "f.yaml"
    path.write_text("title: a\ninner: {size: 3, names: [x, y]}\n")
    assert load_model(path, _Outer, "test") == _Outer(title="a", inner=_Inner(size=3, names=("x", "y")))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title: a\ninner:\n  sizes: 3\n", ":3: inner.sizes: unknown key, did you mean 'size'?"),
        ("title: a\nzzz: 3\n", ":2: zzz: unknown key, allowed: inner, title"),
        ("title: a\ninner:\n  size: big\n", ":3: inner.size: "),
        ("title: a\ninner:\n  names: [a,\n    [1]]\n", ":4: inner.names.1: "),
        ("inner: {}\n", ":1: title: Field required"),
        ("title: [a\n", ":2: not valid YAML"),
        ("- a\n- b\n", ": a test file is a mapping of fields, found list"),
        ("", ": a test file is a mapping of fields, found NoneType"),
        ("title: !!python/object/apply:os.system ['true']\n", ":1: not valid YAML"),
        (b"\xff\xfe\x00binary", ": test file is not UTF-8 text"),
        ("title: \x00\n", ": not valid YAML"),
        ("[" * 5000, ": not valid YAML"),
    ],
)
def test_one_line_with_place(tmp_path, text, message):
    assert _error(tmp_path, text).startswith(message)


def test_duplicate_key_is_refused(tmp_path):
    assert _error(tmp_path, "title: a\ntitle: b\n").startswith(":2: title: given twice")


def test_alias_bomb_is_refused_quickly(tmp_path):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]" for k in range(1, 10)]
    assert len(_error(tmp_path, "\n".join(lines) + "\ntitle: a\n")) < 500


def test_missing_and_folder(tmp_path):
    with pytest.raises(InputError, match="no such test file"):
        read_text(tmp_path / "none", "test")
    with pytest.raises(InputError, match="cannot read"):
        read_text(tmp_path, "test")


def test_error_message_is_one_line():
    assert str(InputError("a\n  b\tc")) == "a b c"


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


def test_replacing_writes_whole_files(tmp_path):
    path = tmp_path / "new" / "f.txt"
    write_atomic(path, lambda p: p.write_text("one"))
    assert path.read_text() == "one"
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "one"
    assert [p.name for p in path.parent.iterdir()] == ["f.txt"]


def test_replacing_keeps_the_suffix_for_writers_that_go_by_it(tmp_path):
    with replacing(tmp_path / "a.oas") as temporary:
        assert temporary.suffix == ".oas"
        assert temporary.parent == tmp_path


def test_folder_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write there"), replacing(tmp_path / "file" / "x"):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_unwritable_folder(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="cannot write there"), replacing(tmp_path / "x"):
        pass
