"""Self-contained HTML pages from a few pieces: headings, paragraphs, tables, pictures (``spinhop/templates``)."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hwlib.errors import harmless


@cache
def _templates() -> Environment:
    def plain(value: object) -> object:
        return value if isinstance(value, Markup) else harmless(str(value))

    return Environment(
        loader=PackageLoader("spinhop"), autoescape=True, undefined=StrictUndefined, finalize=plain,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip


def render(template: str, *, head: Markup = Markup(), **values: Any) -> str:
    """A whole page of a template. Texts are escaped, ``Markup`` is not."""
    return _templates().get_template(template).render(head=head, **values) + "\n"


def document(title: str, body: Sequence[Markup], *, head: Markup = Markup()) -> str:
    """A whole page of pieces."""
    return render("base.html", title=title, body=body, head=head)


def _part(name: str, *values: Any) -> Markup:
    return Markup(getattr(_templates().get_template("parts.html").module, name)(*values).strip())


def heading(text: str) -> Markup:
    """The page's title."""
    return _part("heading", text)


def section(heading: str, *parts: Markup) -> Markup:
    """A framed section."""
    return _part("section", heading, parts)


def paragraph(text: str, kind: str = "") -> Markup:
    """A paragraph of text; ``kind`` is ``soft``, ``warn`` or nothing."""
    return _part("paragraph", text, kind)


def verdict(*lines: tuple[str, str]) -> Markup:
    """Lines of a verdict, each with its kind: ``good``, ``bad`` or ``unsure``."""
    return _part("verdict", lines)


def tag(text: str, kind: str) -> Markup:
    """A word in a coloured frame: ``error``, ``warning``, ``waived`` or ``pass``."""
    return _part("tag", text, kind)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "") -> Markup:
    """A table of text cells; without columns it has no head.

    Args:
        columns: titles.
        rows: cells, text or pieces.
        kind: ``text``: sentences, left-aligned and wrapped; ``facts``: names, then text; else numbers.
    """
    return _part("table", columns, rows, kind)


def folded(summary: str, part: Markup) -> Markup:
    """A piece that opens at a click."""
    return _part("folded", summary, part)


def cards(values: Sequence[tuple[str, str]]) -> Markup:
    """A row of large numbers with what they are."""
    return _part("cards", values)


def picture(path: Path, caption: str) -> Markup:
    """A PNG, inside the page."""
    return _part("picture", base64.b64encode(path.read_bytes()).decode(), caption)


def bitmap(cells: Sequence[Sequence[str]], caption: str, longest: int = 110) -> Markup:
    """Coloured cells, row by row, as a picture whose longer side has ``longest`` px."""
    rows, columns = len(cells), len(cells[0])
    scale = longest / max(rows, columns)
    places = [(x, y, fill) for y, row in enumerate(cells) for x, fill in enumerate(row)]
    return _part("bitmap", rows, columns, round(columns * scale), round(rows * scale), places, caption)


def pair(*parts: Markup) -> Markup:
    """Parts beside each other where the page is wide enough."""
    return _part("pair", parts)
