"""Views of a drawn macro for the tools of a chip: LEF, Verilog black box, CDL, and the layout that they describe."""

from layouts.macro_views.view_files import write_views

__all__ = ["write_views"]
