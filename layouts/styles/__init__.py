"""How weight styles are drawn: weight tracks through the tiles, and where they come out of the array.

To add a style, ``register`` its drawing here and the style itself in ``hwlib.weight_styles``.
"""

from __future__ import annotations

from layouts.styles.drawn_style import DRAWN_STYLES, DrawnStyle, Tie, register
from layouts.styles.lines import DrawnLines
from layouts.styles.rails import DrawnRails

__all__ = ["DRAWN_STYLES", "DrawnLines", "DrawnRails", "DrawnStyle", "Tie", "register"]

for _style in (DrawnRails(), DrawnLines()):
    register(_style)
