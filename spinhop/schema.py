"""JSON schemas of the design, process and study files, and the reference page made from them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from hwlib.design import Design
from hwlib.process import Process
from hwlib.quantities import human
from spinhop.study.study_fields import StudyFields

MODELS: dict[str, type[BaseModel]] = {"design": Design, "process": Process, "study": StudyFields}
_BOUNDS = {
    "gt": "above", "ge": "at least", "lt": "below", "le": "at most",
    "exclusiveMinimum": "above", "minimum": "at least", "exclusiveMaximum": "below", "maximum": "at most",
}  # fmt: skip
_RESULTS = """\
## Files of results

netCDF-4 and Zarr, for plain xarray: `xr.open_dataset(path)`, `xr.open_zarr(path, consolidated=False)`. Every
variable and every
coordinate has `units` (SI, as UDUNITS writes them; `1` without a dimension, and of names) and `long_name`.
Parameters are
coordinates: of trials (`v_dw`, `weight`, `start` …), over `trial` where they differ, and of points of a study,
under their
paths. Nodes and nets are named (`node_name`, `net_name`, `net`).

| file | of | dimensions with names |
|---|---|---|
| `ideal.nc`, `drawn.nc`, `drawn_ngspice.nc` … | `simulate`, `spice --run`: [one \
trial](run-folders.md#variables-of-a-result) | `neuron`, `source`, `sink` |
| `recall_*.nc`, `images_*.nc`, `maxcut_*.nc` … | a task's trials | `trial`, `neuron`, `source`, `sink`, `bound` |
| `network.nc` | extraction: wires and devices | `net`, `terminal`, `dynamics_parameter` |
| `devices.nc` | `check`: drawn devices | – |
| `results.zarr` | [`sweep`, `yield`](studies.md#results): a row per point | – |
| `search.nc` | [`optimize`](optimize.md): a row per design tried | `trial`, `stage` |
| `atlas.nc` | [`atlas`](atlas.md) | `process`, `style`, `s`, `rule` |

All have these attributes, numbers or short texts:

| attribute | meaning |
|---|---|
| `design`, `seed` | of the design, when the file was made |
| `operating_point` | JSON in the words of a design file, quantities with units. A trial's is what was applied\
 (V_DW in volts) without what differs between its trials; other files have the design's |
| `versions` | of Python and of every package that can change a result |

Files of trials also say `process`, `wires`, `dynamics`, `engine`, `v_dw_origin` and, of a task, `task`. Files
without these are read too.
"""
_HEAD = """\
# File formats

Made by `make docs` from the models that read the files; do not edit.

The files are YAML 1.2 (core schema): `010` is ten and `0o10` eight, `1:30`, `yes` and `2001-01-01` are texts, tags
and keys given twice are refused, `<<` is a key like any other. A file has at most 256 KiB, 20000 values (an alias
counts as what it names) and 20 levels; a larger weight matrix goes into a CSV file (`matrix_file`).

Every dimensional value carries its unit (`100 nm`, `0.1 V`, `1e12 A/m^2`); a bare number there is refused. A unit is
names with whole powers, joined by `*`, `·`, `/` or a space. Every value has a range, the same for Python callers, who
give SI numbers. Weights are 0, or 1e-6 to 1e6 in size.

`spinhop schema design`, `process` and `study` print the JSON schemas, for editors that complete and check while
you type.
"""


def json_schema(kind: str) -> dict[str, Any]:
    """JSON schema of the ``design``, ``process`` or ``study`` file.

    Quantities are strings with the custom keys ``x-unit`` (their SI unit), ``x-range`` (what is allowed, as a person
    writes it) and, where words are allowed too, ``x-words``; ``minimum`` and ``maximum`` are numbers in the SI unit.
    """
    schema = MODELS[kind].model_json_schema()
    _quantity_defaults(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _quantity_defaults(node: Any) -> None:
    """Write defaults as a file would have them: with their unit."""
    if isinstance(node, list):
        for child in node:
            _quantity_defaults(child)
    if isinstance(node, dict):
        if isinstance(node.get("default"), dict):  # of a nested model: its own fields say theirs
            del node["default"]
        if "x-unit" in node and isinstance(node.get("default"), float):
            node["default"] = human(node["default"], node["x-unit"])
        for child in node.values():
            _quantity_defaults(child)


def reference_page() -> str:
    """Markdown page with every field of these files, its default and its meaning."""
    parts = [_HEAD]
    for kind in MODELS:
        schema = json_schema(kind)
        parts.append(f"## {kind.capitalize()} file\n")
        parts += [*_sections(schema, schema.get("$defs", {}), prefix=""), ""]
    return "\n".join([*parts, _RESULTS]).rstrip() + "\n"


def _sections(schema: dict[str, Any], definitions: dict[str, Any], prefix: str) -> list[str]:
    lines = [_summary(schema), "", "| field | value | default | meaning |", "|---|---|---|---|"]
    children: list[str] = []
    for name, entry in schema.get("properties", {}).items():
        required = name in schema.get("required", ())
        field, targets = _resolve(entry, definitions)
        default = "required" if required else _default(entry)
        meaning = entry.get("description", "")
        if targets:
            path = f"{prefix}{name}"
            default = "required" if required else "see below"
            suffix = {"array": "[]", "map": ".<name>"}.get(field, "")
            for target in targets:
                kind = target["properties"]["kind"]["const"] if len(targets) > 1 else ""
                heading = f"### `{path}{suffix}`" + (f", kind `{kind}`" if kind else "")
                children += ["", heading, "", *_sections(target, definitions, f"{path}{suffix}.")]
            field = {"array": "list of mappings", "map": "mapping of names"}.get(field, "mapping")
        lines.append(f"| `{name}` | {field} | {default} | {meaning} |".replace("  ", " "))
    return [*lines, *children]


def _summary(schema: dict[str, Any]) -> str:
    return " ".join(schema.get("description", "").replace("``", "`").split())


def _resolve(entry: dict[str, Any], definitions: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """What a field takes in words, and the models it may hold, if any (``array`` or ``map`` of it, or one)."""
    options = [o for o in entry.get("anyOf", [entry]) if o.get("type") != "null"]
    if len(options) > 1 and all("$ref" in option for option in options):
        return "model", [definitions[option["$ref"].rsplit("/", 1)[1]] for option in options]
    first = {**entry, **options[0]}
    for container, key in (("", None), ("array", "items"), ("map", "additionalProperties")):
        inner = first if key is None else first.get(key)
        if isinstance(inner, dict) and "$ref" in inner:
            return container or "model", [definitions[inner["$ref"].rsplit("/", 1)[1]]]
    return _words(first), []


def _words(entry: dict[str, Any]) -> str:
    if "enum" in entry:
        return ", ".join(f"`{x}`" for x in entry["enum"])
    if "const" in entry:
        return f"`{entry['const']}`"
    if "x-unit" in entry:
        unit = entry["x-unit"].replace("*", "·").replace("^2", "²")
        words = [f"`{word}`" for word in entry.get("x-words", ())]
        return ", ".join([*words, f"quantity in {unit}", entry["x-range"]])
    if entry.get("type") == "array":
        items = entry.get("items") or entry.get("prefixItems", [{}])[0]
        count = f"{entry['maxItems']} × " if entry.get("minItems", 0) == entry.get("maxItems") else "list of "
        text = count + (_words(items) if isinstance(items, dict) else "values")
    else:
        names = {"integer": "whole number", "number": "number", "string": "text", "boolean": "`true`, `false`"}
        text = names.get(entry.get("type", ""), "value")
    bounds = [f"{words} {entry[key]:g}" for key, words in _BOUNDS.items() if isinstance(entry.get(key), (int, float))]
    return f"{text}, {', '.join(bounds)}" if bounds else text


def _default(entry: dict[str, Any]) -> str:
    value = entry.get("default")
    return "–" if value is None or value == [] else f"`{value}`"
