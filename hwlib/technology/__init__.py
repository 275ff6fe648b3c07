"""KLayout's technology files of any process: layer properties, connectivity, scripts."""

from hwlib.technology.klayout_files import layer_properties, write_technology

__all__ = ["layer_properties", "write_technology"]
