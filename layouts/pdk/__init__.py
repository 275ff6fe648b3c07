"""A gdsfactory PDK of any process."""

from layouts.pdk.gdsfactory_pdk import activate, make_pdk

__all__ = ["activate", "make_pdk"]
