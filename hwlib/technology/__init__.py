"""KLayout's technology files of any process: layer properties and connectivity."""

from hwlib.technology.klayout_files import layer_properties, write_technology, xml_text

__all__ = ["layer_properties", "write_technology", "xml_text"]
