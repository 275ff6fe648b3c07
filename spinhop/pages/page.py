"""Self-contained HTML pages from a few pieces: headings, paragraphs, tables, pictures (``spinhop/templates``)."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup, escape

from hwlib.errors import harmless

_MANY = 6  # columns that are wider than 500 px
_BITMAP = 110  # px, the longer side of coloured cells


@cache
def _templates() -> Environment:
    def plain(value: object) -> object:
        return value if isinstance(value, Markup) else harmless(str(value))

    return Environment(
        loader=PackageLoader("spinhop"), autoescape=True, undefined=StrictUndefined, finalize=plain,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip


def render(template: str, *, scripts: Sequence[str] = (), data: Mapping[str, Any] | None = None, **values: Any) -> str:
    """A whole page of a template, which asks nothing of a network and runs no script but its own.

    Args:
        template: its name; texts are escaped, ``Markup`` is not.
        scripts: names of script files, which are put together in this order.
        data: plain data for them, by the id of its element.
        values: of the template.
    """
    script = _script(tuple(scripts))
    held = {name: htmlsafe_json_dumps(each) for name, each in (data or {}).items()}
    page = _templates().get_template(template)
    return page.render(script=script, policy=_policy(script), data=held, **values) + "\n"


@cache
def _script(names: tuple[str, ...]) -> Markup:
    """Script files as one, in a scope of their own."""
    if not names:
        return Markup()
    loader, environment = PackageLoader("spinhop"), _templates()
    sources = [loader.get_source(environment, name)[0] for name in names]
    return Markup('\n(() => {\n"use strict";\n' + "\n".join(sources) + "})();\n")


def _policy(script: Markup) -> str:
    allowed = ""
    if script:
        digest = hashlib.sha256(script.encode()).digest()
        allowed = f" script-src 'sha256-{base64.b64encode(digest).decode()}';"
    return f"default-src 'none'; img-src data:; style-src 'unsafe-inline';{allowed} base-uri 'none'; form-action 'none'"


def document(
    title: str, body: Sequence[Markup], *, scripts: Sequence[str] = (), data: Mapping[str, Any] | None = None
) -> str:  # fmt: skip
    """A whole page of pieces; scripts and data as of ``render``."""
    return render("base.html", title=title, body=body, scripts=scripts, data=data)


def _part(name: str, *values: Any, source: str = "parts.html") -> Markup:
    return Markup(getattr(_templates().get_template(source).module, name)(*values).strip())


def heading(text: str) -> Markup:
    """The page's title."""
    return _part("heading", text)


def section(heading: str, *parts: Markup, name: str = "") -> Markup:
    """A framed section; links find it by its name."""
    return _part("section", heading, parts, name)


def paragraph(text: str, kind: str = "") -> Markup:
    """A paragraph of text; ``kind`` is ``soft``, ``warn`` or nothing."""
    return _part("paragraph", text, kind)


def verdict(*lines: tuple[str, str]) -> Markup:
    """Lines of a verdict, each with its kind: ``good``, ``bad`` or ``unsure``."""
    return _part("verdict", lines)


def tag(text: str, kind: str) -> Markup:
    """A word in a coloured frame: ``error``, ``warning``, ``waived`` or ``pass``."""
    return _part("tag", text, kind)


def table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "", *, long: Sequence[int] = ()
) -> Markup:  # fmt: skip
    """A table of text cells, which scrolls by itself where it is wider than the page; without columns it has no head.

    On a narrow screen the rows of a ``stacked`` table, and of one with many columns of numbers, stand as lists.

    Args:
        columns: titles.
        rows: cells, text or pieces.
        kind: ``text``: left-aligned; ``stacked``; ``facts``: names, then text; else numbers.
        long: indices of columns that hold sentences: wide, and wrapped.
    """
    many = not kind and len(columns) >= _MANY
    return _part("table", columns, rows, "stacked" if many else kind, long)


def made_with(about: Mapping[str, Any]) -> Markup:
    """The section on what results were made with; fields of a JSON object are told one after the other."""
    return section("Made with", table([], [[name, _fields(str(value))] for name, value in about.items()], "facts"))


def _fields(text: str) -> str:
    try:
        fields = json.loads(text) if text.startswith("{") else None
    except (ValueError, RecursionError):  # of a foreign file, and no JSON
        fields = None
    return ", ".join(f"{name}: {value}" for name, value in fields.items()) if isinstance(fields, dict) else text


def folded(summary: str, part: Markup) -> Markup:
    """A piece that opens at a click."""
    return _part("folded", summary, part)


def cards(values: Sequence[tuple[str, str]]) -> Markup:
    """A row of large numbers with what they are."""
    return _part("cards", values)


def picture(path: Path, caption: str) -> Markup:
    """A PNG or SVG file, inside the page."""
    kind = {".svg": "svg+xml"}.get(path.suffix, "png")
    return _part("picture", kind, base64.b64encode(path.read_bytes()).decode(), caption)


def bitmap(cells: Sequence[Sequence[str]], caption: str) -> Markup:
    """Coloured cells, row by row, as a small picture."""
    rows, columns = len(cells), len(cells[0])
    scale = _BITMAP / max(rows, columns)
    places = [(x, y, fill) for y, row in enumerate(cells) for x, fill in enumerate(row)]
    return _part("bitmap", rows, columns, round(columns * scale), round(rows * scale), places, caption)


def pair(*parts: Markup) -> Markup:
    """Parts beside each other where the page is wide enough."""
    return _part("pair", parts)


def link(text: str, target: str) -> Markup:
    """A link."""
    return _part("link", text, target)


def place(text: str, number: int) -> Markup:
    """A place on the layout, which the layout's view goes to at a click; ``number`` counts the page's findings."""
    return _part("place", text, number)


def next_step(text: str, target: str, more: str) -> Markup:
    """What to do next, with links to the lever on the page and in the docs; empty: none."""
    return _part("next_step", _with_code(text), target, more)


def levers(items: Sequence[tuple[str, str, str, str]]) -> Markup:
    """Levers: name to link to, rule, title and what to change."""
    return _part("levers", [(*item[:3], _with_code(item[3])) for item in items])


def _with_code(text: str) -> Markup:
    """Text whose parts between backticks are code."""
    return Markup(re.sub("`([^`]*)`", r"<code>\1</code>", str(escape(harmless(text)))))


def viewer(
    layers: Sequence[tuple[str, str, int]], colourings: Sequence[tuple[str, str]], first: str, *, timed: bool
) -> Markup:  # fmt: skip
    """The layout's controls.

    Args:
        layers: name, colour and opacity in percent.
        colourings: what devices may be coloured by, value and title.
        first: the value to begin with.
        timed: whether there is a time to choose.
    """
    return _part("viewer", layers, colourings, first, timed, source="viewer.html")


def walls() -> Markup:
    """Where the walls are plotted."""
    return _part("walls", source="viewer.html")
