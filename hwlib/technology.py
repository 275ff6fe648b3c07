"""KLayout technology files: layer properties (.lyp) and a technology (.lyt) with the connectivity of the stack."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import klayout.db as kdb

from hwlib.errors import harmless
from hwlib.process import Process
from hwlib.storage.writing import write_text

DRAWN_UNIT = 0.001  # µm, the database unit of what gdsfactory draws: loading it to ask takes two seconds
_DITHER = {"conductor": "I5", "via": "I0", "device": "I9", "marker": "I1"}  # KLayout's built-in fill patterns


def layer_properties(process: Process) -> str:
    """Text of the KLayout layer-properties file (.lyp), top layer first."""
    root = ElementTree.Element("layer-properties")
    for name, layer in reversed(process.layers.items()):
        entries = [(name, layer.gds, _DITHER[layer.kind])]
        if layer.label:
            entries.append((f"{name} label", layer.label, "I1"))
        for text, (number, datatype), dither in entries:
            fields = {
                "frame-color": layer.color, "fill-color": layer.color, "dither-pattern": dither, "visible": "true",
                "valid": "true", "transparent": "false", "width": "1", "marked": "false",
                "name": f"{text} {number}/{datatype}", "source": f"{number}/{datatype}@1",
            }  # fmt: skip
            properties = ElementTree.SubElement(root, "properties")
            for key, value in fields.items():
                ElementTree.SubElement(properties, key).text = value
    return xml_text(root)


def write_technology(
    process: Process, folder: str | Path, *, stem: str | None = None, unit: float | None = None
) -> Path:
    """Write ``<name>.lyt`` and ``<name>.lyp`` for KLayout's technology manager.

    Args:
        process: the process.
        folder: where to write.
        stem: what both files are called; the process's name when None.
        unit: database unit of the layout that they are for, in m; when None that of layouts drawn here.

    Returns:
        The technology file.

    Raises:
        StorageError: the folder cannot be written.
    """
    process.check_names()
    folder = Path(folder)
    properties = folder / f"{stem or process.name}.lyp"
    write_text(properties, layer_properties(process))
    technology = kdb.Technology()
    technology.name = process.name
    technology.description = harmless(" ".join(process.description.split()))
    technology.dbu = min(process.grid * 1e6, DRAWN_UNIT) if unit is None else unit * 1e6
    technology.layer_properties_file = properties.name
    technology.add_other_layers = True
    root = ElementTree.fromstring(technology.to_xml())
    _connectivity(root, process)
    path = properties.with_suffix(".lyt")
    return write_text(path, xml_text(root))


def _connectivity(root: ElementTree.Element, process: Process) -> None:
    old = root.find("connectivity")
    if old is not None:
        root.remove(old)
    found = ElementTree.SubElement(root, "connectivity")
    for name, layer in process.layers.items():
        if layer.connects:
            ElementTree.SubElement(found, "connection").text = f"{layer.connects[0]},{name},{layer.connects[1]}"
    for name, layer in process.layers.items():
        if layer.kind in ("conductor", "via", "device"):
            ElementTree.SubElement(found, "symbols").text = f"{name}='{layer.gds[0]}/{layer.gds[1]}'"


def xml_text(root: ElementTree.Element) -> str:
    """An XML file of this element."""
    ElementTree.indent(root, space=" ")
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"
