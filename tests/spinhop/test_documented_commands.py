"""Every command line on a page of the docs parses: commands, options, choices."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from spinhop.cli import command as whole_command

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
ELLIPSIS = re.compile(r"…|\.\.\.|[A-Z]{2,}|<")  # a pattern of a command, not one to type


def command_lines(page: Path) -> list[str]:
    """What a reader may type: lines of code blocks, and code within sentences, that begin with ``spinhop``."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = re.findall(r"^( *)```[^\n]*\n(.*?)^\1```", text, flags=re.S | re.M)
    typed = [line.strip().removeprefix("$ ") for _, block in blocks for line in block.splitlines()]
    prose = re.sub(r"^( *)```.*?^\1```", "", text, flags=re.S | re.M)
    typed += [" ".join(code.split()) for code in re.findall(r"(?<!`)`([^`]+)`(?!`)", prose)]
    return [line for line in typed if re.match(r"spinhop\s+\S", line)]


def parse(line: str) -> None:
    """Parse a command line as Click would, without running it."""
    words = shlex.split(re.split(r"\s[|>&]|\s2>|;", line)[0], comments=True)[1:]
    command = whole_command()
    context = None
    while isinstance(command, click.Group):
        name, *words = words
        if name.startswith("-"):
            assert any(
                name in option.opts + option.secondary_opts for option in command.get_params(click.Context(command))
            )
            return
        found = command.get_command(click.Context(command), name)
        assert found is not None, f"no command {name!r}"
        context, command = click.Context(command, parent=context, info_name=name), found
        if not words and isinstance(command, click.Group):
            return  # the group as a whole is meant
    if words or any(True for _ in command.params):
        command.make_context(command.name, words, parent=context)


LINES = sorted({(page.name, line) for page in PAGES for line in command_lines(page)})


@pytest.mark.parametrize(("page", "line"), LINES, ids=lambda each: each[:70])
def test_command_line_parses(page: str, line: str) -> None:
    try:
        parse(line)
    except (click.exceptions.MissingParameter, click.exceptions.Exit):
        pass  # a command named without its arguments, or --help
    except click.UsageError as error:
        if not ELLIPSIS.search(line):
            pytest.fail(f"{page}: {line}: {error.format_message()}")


def test_pages_have_command_lines_and_a_wrong_one_is_told() -> None:
    assert len(LINES) > 60
    with pytest.raises(click.NoSuchOption):
        parse("spinhop check mine.yaml --lay edited.gds --no-such")
    with pytest.raises(AssertionError, match="chek"):
        parse("spinhop chek mine.yaml")
