"""Tables on the terminal: titles in one line, and none where there are no rows."""

import re

import pytest

from spinhop.console import print_table
from spinhop.pages import page

TITLE = "0 of 6 designs hold every rule and do their task"


def test_a_title_wider_than_its_table_stays_in_one_line(capsys):
    print_table(TITLE, ["front", "time"], [["0", "1 ns"]])
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == TITLE and lines[2].split() == ["front", "time"] and lines[4].split() == ["0", "1", "ns"]


def test_a_table_of_nothing_is_its_title(capsys):
    print_table(TITLE, ["front", "time"], [])
    assert capsys.readouterr().out == TITLE + "\n"


def test_columns_without_titles_have_no_head(capsys):
    print_table("sweep", ["", ""], [["points", "6"]])
    assert "─" not in capsys.readouterr().out


def test_made_with_tells_fields_and_leaves_other_texts():
    """Also those of a foreign file that only look like JSON."""
    deep = '{"a":' * 100_000
    found = page.made_with({"point": '{"v_dw": "auto", "n": 2}', "odd": "{no json", "deep": deep})
    assert "v_dw: auto, n: 2<" in found and "{no json<" in found and "{&#34;a&#34;:{" in found


@pytest.mark.parametrize(("width", "turned"), [("40", True), ("200", False), ("12", False)])
def test_a_table_too_wide_for_the_terminal_is_turned(width, turned, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", width)
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    print_table("maxcut", ["graph", *(f"number {k}" for k in range(9))], [["a.txt", *("0.1 ns" for _ in range(9))]])
    lines = [line.split() for line in re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()]
    assert (["number", "8", "0.1", "ns"] in lines) == turned
    assert not turned or lines[2] == ["graph", "a.txt"]
