"""Where the docs are: the address of a page for those who read a report or a message.

No host is assumed. The address is what the installed package says (``Documentation`` among its project URLs), or what
``SPINHOP_DOCS`` says: an ``https`` address, or the folder that ``make site`` wrote. Where neither says any, messages
name the page's file in the repository, and pages have no link.
"""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

VARIABLE = "SPINHOP_DOCS"


def docs_address(page: str, section: str = "") -> str | None:
    """Address of a page of the docs.

    Args:
        page: its path in ``docs`` without the ending, such as ``levers`` or ``tutorials/cluster``.
        section: an anchor on it.

    Returns:
        An address that a browser opens; None where nothing says where the docs are.
    """
    base = os.environ.get(VARIABLE) or _published()
    if not base.startswith("https://"):
        folder = Path(base).expanduser().absolute()
        if not base or not (folder / f"{page}.html").is_file():
            return None
        base = folder.as_uri()
    return f"{base.rstrip('/')}/{page}.html" + (f"#{section}" if section else "")


def see(page: str, section: str = "") -> str:
    """Words that lead to a page of the docs: its address, or its file in the repository."""
    return f"see {docs_address(page, section) or f'docs/{page}.md'}"


def _published() -> str:
    """The ``Documentation`` address of the installed package."""
    try:
        addresses = metadata("spinhop").get_all("Project-URL") or []
    except PackageNotFoundError:
        return ""
    return dict(address.split(", ", 1) for address in addresses if ", " in address).get("Documentation", "")
