"""Pages of the site that are made while it is built, and equations as MathML.

MkDocs calls the functions named ``on_…``. Nothing is fetched: equations become MathML, which browsers draw themselves.
Notebooks are shown with the outputs that their files have; nothing of them is run.
"""

from __future__ import annotations

import ast
import base64
import html
import re
from pathlib import Path
from typing import Any

import latex2mathml.converter
import nbformat
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("hwlib", "layouts", "sim", "spinhop")
PICTURES = {"image/svg+xml": "svg", "image/png": "png"}
COPIED = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that lie outside docs/, and one of the public names of each room."""
    for source, page in COPIED.items():
        files.append(File.generated(config, page, content=copied_page((ROOT / source).read_text(encoding="utf-8"))))
    for room in ROOMS:
        files.append(File.generated(config, f"api/{room}.md", content=reference_page(room)))
    for path in sorted((ROOT / "docs" / "notebooks").glob("*.ipynb")):
        text, pictures = notebook_page(path)
        files.append(File.generated(config, f"notebooks/{path.stem}.md", content=text))
        for name, content in pictures.items():
            files.append(File.generated(config, f"notebooks/{name}", content=content))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Lead links to notebooks to their pages."""
    return re.sub(r"(\]\([^)\s]*)\.ipynb\)", r"\1.md)", markdown)


def on_page_content(content: str, **_: Any) -> str:
    """Replace the equations that Arithmatex has marked by MathML."""
    return re.sub(r'<(span|div) class="arithmatex">(?:\\\(|\\\[)(.*?)(?:\\\)|\\\])</\1>', _math, content, flags=re.S)


def copied_page(text: str) -> str:
    """A page from beside docs/, its links as they are within docs/."""
    text = text.replace("](docs/", "](")
    for source, page in COPIED.items():
        text = text.replace(f"]({source}", f"]({page}")
    return text


def notebook_page(path: Path) -> tuple[str, dict[str, bytes]]:
    """A notebook as Markdown, with the outputs that it has, and its pictures by their file names."""
    parts: list[str] = []
    pictures: dict[str, bytes] = {}
    for cell in nbformat.read(path, as_version=4).cells:
        parts.append(cell.source if cell.cell_type == "markdown" else f"```python\n{cell.source}\n```")
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if picture := next((kind for kind in PICTURES if kind in data), None):
                name = f"{path.stem}_{len(pictures)}.{PICTURES[picture]}"
                raw = data[picture]
                pictures[name] = raw.encode() if picture.endswith("xml") else base64.b64decode(raw)
                parts.append(f"![what the cell shows]({name})")
            else:
                parts.append(f"```text\n{output.get('text', data.get('text/plain', '')).rstrip()}\n```")
    parts.append(f'<a href="{path.name}" download>This page as a notebook</a>, with the outputs that it shows.')
    return "\n\n".join(parts) + "\n", pictures


def public_names(room: str) -> list[str]:
    """Full names of what a room's stub exports, without its sub-packages."""
    stub = ast.parse((ROOT / room / "__init__.pyi").read_text(encoding="utf-8"))
    imports = [node for node in stub.body if isinstance(node, ast.ImportFrom) and node.module]
    return [f"{room}.{node.module}.{each.name}" for node in imports for each in node.names]


def reference_page(room: str) -> str:
    """The page on a room's public names, for mkdocstrings to fill in."""
    about = ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text(encoding="utf-8"))) or ""
    about = about.replace("``", "`")
    sections = [f"::: {name}" for name in public_names(room)]
    return "\n\n".join([f"# {room}", about, f"Each name is `{room}.…`, wherever its module lies.", *sections]) + "\n"


def _math(match: re.Match[str]) -> str:
    display = "inline" if match[1] == "span" else "block"
    return latex2mathml.converter.convert(html.unescape(match[2]), display=display)
