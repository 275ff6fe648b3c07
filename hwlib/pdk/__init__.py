"""A gdsfactory PDK and KLayout technology files of any process."""

from hwlib.pdk.gdsfactory_pdk import activate, make_pdk
from hwlib.pdk.technology import layer_properties, layer_views, write_technology

__all__ = ["activate", "layer_properties", "layer_views", "make_pdk", "write_technology"]
