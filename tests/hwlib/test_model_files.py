"""Models from YAML files: every error of a file at once, one line each, at its line, saying what is allowed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hwlib.errors import LONGEST_LINE, MOST_LINES, FieldsError, InputError
from hwlib.storage.model_files import load_model
from hwlib.units import Quantity


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Inner(_Strict):
    size: int = Field(default=1, le=9)
    soma_placement: str = ""
    names: tuple[str, ...] = ()
    width: Annotated[float, Quantity("m", 1e-9, 1e-6)] | None = None
    load: Annotated[float | str, Quantity("s", 1e-12, 1, words=("rest",))] = "rest"


class _Outer(_Strict):
    title: str
    inner: _Inner = _Inner()
    parts: dict[str, _Inner] = {}
    rows: tuple[_Inner, ...] | None = None
    either: int | tuple[int, ...] = 1


def _lines(tmp_path: Path, text: str | bytes) -> list[str]:
    path = tmp_path / "f.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(InputError) as caught:
        load_model(path, _Outer, "test")
    lines = str(caught.value).split("\n")
    assert all("/f.yaml:" in line and len(line) <= LONGEST_LINE for line in lines)
    return [line.partition("/f.yaml")[2] for line in lines]


def test_good_file(tmp_path):
    path = tmp_path / "f.yaml"
    path.write_text("\ufefftitle: a\ninner: {size: 3, names: [x, y]}\n", encoding="utf-8")
    assert load_model(path, _Outer, "test") == _Outer(title="a", inner=_Inner(size=3, names=("x", "y")))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title: a\ninner:\n  sizes: 3\n", ":3: inner.sizes: unknown key, did you mean 'size'?"),
        ("title: a\nzzz: 3\n", ":2: zzz: unknown key, allowed: either, inner, parts, rows, title"),
        ("title: a\nmy-key: 3\n", ":2: my-key: unknown key, allowed: either, inner, parts, rows, title"),
        ("title: a\n(x): -1\n", ":2: (x): unknown key, allowed: either, inner, parts, rows, title"),
        ("title: a\n[y, z]: -1\n", ":2: a key is a text"),
        ("title: a\ninner: {size: 4, soma-placement: x}\n", ":2: inner.soma-placement: unknown key, did"),
        ("title: a\ninner: {inner-x: x}\n", ":2: inner.inner-x: unknown key, allowed: load, names, size, "),
        ("title: a\nparts:\n  (p):\n    sise: 3\n", ":4: parts.(p).sise: unknown key, did you mean 'size'?"),
        ("title: a\nrows:\n- size: 1\n- sise: 3\n", ":4: rows.1.sise: unknown key, did you mean 'size'?"),
        ("title: a\ninner:\n  size: big\n", ":3: inner.size: "),
        ("title: a\ninner:\n  names: [a,\n    [1]]\n", ":4: inner.names.1: "),
        ("title: a\ninner:\n  width: 'x\n\n   y'\n  size: 10\n", ":3: inner.width: 'x\\ny' is not a quantity in m"),
        ("title: a\ninner:\n  load:\n    - 1\n", ":3: inner.load: list of 1 is neither rest nor a value in s"),
        ("title: a\ninner: {width: 1 mm}\n", ":2: inner.width: '1 mm' is outside 1 nm to 1 um"),
        ("title: 010\n", ":1: title: must be a text; write it in quotes, found 10"),
        ("inner: {}\n", ":1: title: missing"),
        ("titel: a\n", ":1: titel: unknown key, did you mean 'title'?"),
        ("title: a\ninner:\n", ":2: inner: "),
        ("title: [a\n", ":2: not valid YAML"),
        ("- a\n- b\n", ":1: a test file is a mapping of fields, found a list"),
        ("", ":1: a test file is a mapping of fields, found nothing"),
        ("title: !!python/name:os.system x\n", ":1: title: tag 'tag:yaml.org,2002:python/name:os.system' is not read"),
        ("title: !!bool x\n", ":1: title: tag 'tag:yaml.org,2002:bool' is not read"),
        ("title: a\ntitle: b\n", ":2: title: given twice"),
        ("title: a\ninner: {size: 0x" + "f" * 5000 + "}\n", ":2: inner.size: a number has at most 64 characters"),
        (b"\xff\x00binary", ": test file is not UTF-8 text"),
        ("title: \x00\n", ":1: not valid YAML (character '\\x00' is not allowed)"),
        ("[" * 5000, ":1: nested more than 20 deep"),
    ],
)  # fmt: skip
def test_line_with_place(tmp_path, text, message):
    assert _lines(tmp_path, text)[0].startswith(message)


def test_all_errors_at_once_in_the_order_of_the_file(tmp_path):
    text = "inner:\n  size: 10\n  sizes: 1\n  width: 1 V\n  load: -1 s\n  names: [1, a, 2]\n  size: 3\nzzz: 1\n"
    assert _lines(tmp_path, text) == [
        ":1: title: missing",
        ":2: inner.size: must be at most 9, found 10",
        ":3: inner.sizes: unknown key, did you mean 'size'?",
        ":4: inner.width: '1 V' is not a quantity in m; write for example '1 nm'",
        ":5: inner.load: '-1 s' is outside 0.001 ns to 1e+06 us",
        ":6: inner.names.0: must be a text; write it in quotes, found 1",
        ":6: inner.names.2: must be a text; write it in quotes, found 2",
        ":7: inner.size: given twice, first on line 2",
        ":8: zzz: unknown key, allowed: either, inner, parts, rows, title",
    ]


def test_either_of_two_kinds(tmp_path):
    assert _lines(tmp_path, "title: a\neither:\n  - 1\n  - x\n") == [
        ":2: either: must be a whole number, found list of 2",
        ":4: either.1: must be a whole number, found 'x'",
    ]


def test_fields_that_a_model_finds_wrong_itself(tmp_path):
    class _Checked(_Outer):
        @model_validator(mode="after")
        def _check(self) -> _Checked:
            raise FieldsError([(("inner", "names", 1), "no name"), (("title",), "no title"), ((), "nothing")])

    path = tmp_path / "f.yaml"
    path.write_text("inner:\n  names:\n  - a\n  - b\ntitle: x\n")
    with pytest.raises(InputError) as caught:
        load_model(path, _Checked, "test")
    expected = [":1: nothing", ":4: inner.names.1: no name", ":5: title: no title"]
    assert list(caught.value.lines) == [f"{path}{line}" for line in expected]
    with pytest.raises(ValidationError, match=r"inner.names.1: no name; title: no title"):
        _Checked(title="x")


def test_at_most_so_many_lines(tmp_path):
    lines = _lines(tmp_path, "title: a\n" + "".join(f"k{k}: 1\n" for k in range(1000)))
    assert len(lines) == MOST_LINES and lines[-1] == ": and 981 more"


def test_long_names_and_values_are_shortened(tmp_path):
    for text in ("k" * 100_000 + ": 1", "inner: {size: " + "x" * 100_000 + "}", "inner:\n  " + "y" * 900 + ": 1\n"):
        assert _lines(tmp_path, f"title: a\n{text}\n")
