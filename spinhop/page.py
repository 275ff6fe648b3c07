"""A self-contained HTML page from a few pieces: headings, paragraphs, tables, pictures."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from pathlib import Path

from hwlib.errors import harmless

_STYLE = """
:root { --ink: #1d2430; --soft: #5c6675; --line: #e2e6ec; --paper: #ffffff; --tint: #f5f7fa; --accent: #3056a0; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--tint); color: var(--ink); }
body { font: 15px/1.55 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 28px 24px 60px; }
h1 { font-size: 27px; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 17px; margin: 0 0 10px; }
p { margin: 0 0 10px; } .soft, figcaption, caption { color: var(--soft); font-size: 13px; }
section, .card { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; padding: 18px 22px; }
section { margin-top: 18px; overflow-x: auto; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: 14px; margin-top: 18px; }
.card b { display: block; font-size: 23px; font-weight: 600; font-variant-numeric: tabular-nums; }
.card span { color: var(--soft); font-size: 13px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 12px; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th { color: var(--soft); font-weight: 500; font-size: 13px; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
tr:last-child td { border-bottom: 0; }
table + p { margin-top: 12px; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(320px, 1fr)); gap: 20px; align-items: start; }
figure { margin: 0; } figure img { width: 100%; border: 1px solid var(--line); border-radius: 6px; background: #fff; }
.warn { border-left: 4px solid #c4552d; padding: 8px 14px; background: #fdf3ee; border-radius: 4px; }
.facts td { text-align: left; white-space: normal; overflow-wrap: anywhere; vertical-align: top; }
.facts td:first-child, .facts td:nth-child(2) { white-space: nowrap; overflow-wrap: normal; }
.facts td:first-child { font-weight: 600; }
.verdict { margin: 12px 0 0; padding: 8px 14px; border-radius: 6px; font-weight: 500; }
.good { background: #e0f2e5; color: #1d6a35; } .bad { background: #fbe3dc; color: #9c2f10; }
.unsure { background: #fdf1d3; color: #7a5600; }
code { font-size: 13px; } a { color: var(--accent); }
@media print { body { background: #fff; } section, .card { break-inside: avoid; } }
"""


def escape(text: str) -> str:
    """Text from anywhere as it may stand in a page, between tags or in quotes."""
    return html.escape(harmless(text))


def document(title: str, body: Sequence[str], *, head: str = "") -> str:
    """A whole page. ``body`` and ``head`` are HTML already; ``title`` is text."""
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
        f"<style>{_STYLE}</style>\n{head}\n</head>\n<body>\n<main>\n{chr(10).join(body)}\n</main>\n</body>\n</html>\n"
    )


def section(heading: str, *parts: str) -> str:
    """A framed section of HTML parts."""
    return f"<section>\n<h2>{escape(heading)}</h2>\n{chr(10).join(parts)}\n</section>"


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph of text; ``kind`` is ``soft``, ``warn`` or nothing."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def verdict(*lines: tuple[str, str]) -> str:
    """Lines of a verdict, each with its kind: ``good``, ``bad`` or ``unsure``."""
    return "\n".join(f'<p class="verdict {kind}">{escape(text)}</p>' for text, kind in lines)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of text cells; the first column is left-aligned."""
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    lines = "\n".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}\n</tbody>\n</table>"


def cards(values: Sequence[tuple[str, str]]) -> str:
    """A row of large numbers with what they are."""
    inner = "".join(
        f'<div class="card"><b>{escape(value)}</b><span>{escape(label)}</span></div>' for value, label in values
    )
    return f'<div class="cards">{inner}</div>'


def picture(path: Path, caption: str) -> str:
    """A PNG, inside the page."""
    data = base64.b64encode(path.read_bytes()).decode()
    text = escape(caption)
    return f'<figure><img alt="{text}" src="data:image/png;base64,{data}"><figcaption>{text}</figcaption></figure>'


def pair(*parts: str) -> str:
    """Parts beside each other where the page is wide enough."""
    return f'<div class="pair">{"".join(parts)}</div>'
