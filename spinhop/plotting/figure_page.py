"""One page with all figures of some results: it says each mark's values where the pointer or the focus is."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from hwlib.errors import harmless
from spinhop.pages import page
from spinhop.plotting.plot_source import PlotSource


def figure_page(source: PlotSource, figures: Sequence[tuple[str, str]], notes: Sequence[str]) -> str:
    """The page, with nothing outside it.

    Args:
        source: what is plotted.
        figures: title and SVG of each, as of ``told_svg``.
        notes: sentences on what is not shown.
    """
    parts = [page.heading(f"{source.name or 'Results'}: figures")]
    parts += [page.paragraph(note, "soft") for note in notes]
    for title, drawing in figures:
        parts.append(
            page.section(title, Markup('<figure class="plot">') + Markup(harmless_svg(drawing)) + Markup("</figure>"))
        )
    parts.append(page.made_with(source.about))
    return page.render("figures.html", title=f"{source.name}: figures", body=parts, scripts=["figure_tips.js"])


def harmless_svg(drawing: str) -> str:
    """Markup of our own with line breaks kept; control characters in its texts become escapes."""
    return "\n".join(harmless(line) for line in drawing.split("\n"))
