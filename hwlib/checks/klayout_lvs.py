"""Layout against netlist as a KLayout LVS script, with the device, the layers and their connections of a process."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from hwlib.checks.connectivity import links, wires
from hwlib.checks.design_rules.ruby import FILES, FILL_CROSSING, ruby_text
from hwlib.checks.device_extractor import PARAMETERS, tolerance
from hwlib.nets import NET_CLASSES
from hwlib.network import TERMINALS
from hwlib.process import Process
from hwlib.storage.writing import write_text

_PARTS = [Path(__file__).with_name(f"lvs_{part}.rb.txt") for part in ("joints", "body")]
_HEADER = """\
# Layout against netlist of process {name}, for KLayout 0.28 or later. Written by spinhop from the process description.
# In the application: Tools > LVS > New LVS Script, paste, run. On the command line:
#   klayout -b -r {name}.lvs -rd input=layout.gds -rd schematic=layout.cdl -rd report=layout.lvsdb
# The last line is "match" (exit code 0) or "no match" (1); files that cannot be compared give 2.
# The netlist is CDL or SPICE with calls of DWMTJ, sizes in um and um^2, or SI. Nets go by their labels.
"""


def lvs_script(process: Process) -> str:
    """The text of a KLayout LVS script (.lvs) that compares a layout of a process with a CDL or SPICE netlist."""
    process.check_names()
    used = (*wires(process), "track", "pin")
    names = "|".join(each.pattern.pattern for each in NET_CLASSES.values())
    limits = (
        f"{ruby_text(name)} => [{str(primary).lower()}, {tolerance(process, name) / scale!r}, {scale!r}]"
        for name, (_, primary, scale) in PARAMETERS.items()
    )
    numbers = (f"{ruby_text(name)} => {list(process.layers[name].gds)}" for name in used)
    labels = (
        f"{ruby_text(name)} => {list(layer.label)}" for name, layer in process.layers.items() if layer.label
    )  # fmt: skip
    said = {
        "layers": _hash(numbers),
        "labels": _hash(labels),
        "wires": _list(map(ruby_text, wires(process))),
        "links": _list(_list(map(ruby_text, pair)) for pair in links(process)),
        "terminals": _list(map(ruby_text, TERMINALS)),
        "parameters": _hash(limits),  # compared or not; how much may differ, in um or um^2; SI value of one
        "thickness": f"{process.layers['track'].thickness * 1e6!r}",  # of the track, um
        "net_name": f"Regexp.new({ruby_text(_plain_groups(names))})",
    }
    data = "".join(f"{name} = {value}\n" for name, value in said.items())
    parts = "".join(part.read_text(encoding="utf-8") for part in _PARTS)
    return _HEADER.format(name=process.name) + data + FILES + FILL_CROSSING + parts


def write_lvs_script(process: Process, path: str | Path, *, replace: bool = True) -> Path:
    """Write the LVS script of a process.

    Args:
        process: the process.
        path: the file.
        replace: it may be there.

    Raises:
        InputError: it is there and may not be.
        StorageError: the file cannot be written.
    """
    return write_text(Path(path), lvs_script(process), replace=replace)


def _plain_groups(pattern: str) -> str:
    """Python's named groups as Ruby's; the whole text has to match."""
    return rf"\A(?:{pattern.replace('(?P<', '(?<')})\z"


def _list(items: Iterable[str]) -> str:
    return f"[{', '.join(items)}]"


def _hash(items: Iterable[str]) -> str:
    return "{\n" + "".join(f"  {item},\n" for item in items) + "}"
