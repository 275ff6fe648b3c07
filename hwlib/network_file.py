"""The file of an extracted network: netCDF-4, with unit and meaning of every array."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np

from hwlib.argument_kinds import takes_kinds
from hwlib.dynamics_data import DEFAULT, DynamicsData
from hwlib.errors import InputError, shown
from hwlib.network import DEVICE_ARRAYS, TERMINALS, Network
from hwlib.storage.array_files import ArrayFile, ArrayVariable, read_arrays, write_arrays
from hwlib.storage.made_with import not_ours
from hwlib.storage.netcdf import Wanted

FORMAT = "spinhop-network-1"
_DIMS = {
    "node_net": ("node",), "node_x": ("node",), "node_y": ("node",),
    "resistor_nodes": ("resistor", "end"), "resistor_ohm": ("resistor",),
    "resistor_layer": ("resistor",), "resistor_limit": ("resistor",),
    "pin_node": ("pin",), "terminals": ("device", "terminal"), "pre": ("device",), "post": ("device",),
    **{name: ("device",) for name in DEVICE_ARRAYS},
}  # fmt: skip
_CAPACITANCE_DIMS = {  # written only when extracted
    "net_capacitance": ("net",), "coupling_nets": ("coupling", "end"), "coupling_farad": ("coupling",)
}  # fmt: skip
_INTEGER = {"node_net", "resistor_nodes", "resistor_layer", "pin_node", "terminals", "pre", "post", "coupling_nets"}
_WIRE_META = {
    "node_net": ("1", "net of each node"),
    "node_x": ("m", "place of the node on the layout"),
    "node_y": ("m", "place of the node on the layout"),
    "resistor_nodes": ("1", "the two nodes of each wire resistor"),
    "resistor_ohm": ("ohm", "wire resistance"),
    "resistor_layer": ("1", "layer that limits the resistor's current"),
    "resistor_limit": ("A", "largest allowed current"),
    "pin_node": ("1", "nodes where sources attach"),
    "terminals": ("1", "nodes of DW_IN, DW_OUT, MTJ_IN, MTJ_OUT"),
    "pre": ("1", "presynaptic neuron"),
    "post": ("1", "postsynaptic neuron"),
    "net_capacitance": ("F", "capacitance of each net to ground"),
    "coupling_nets": ("1", "pairs of nets that couple"),
    "coupling_farad": ("F", "coupling capacitance of each pair"),
}


@takes_kinds
def write_network(network: Network, path: str | Path) -> Path:
    """Write a network as netCDF-4 (read it with xarray, or ``read_network``).

    Raises:
        StorageError: the file cannot be written.
    """
    meta = {**_WIRE_META, **DEVICE_ARRAYS}
    dims = _DIMS | (_CAPACITANCE_DIMS if network.has_capacitance else {})
    variables = network.dynamics.variables() | {
        name: ArrayVariable(dims[name], getattr(network, name), {"units": meta[name][0], "long_name": meta[name][1]})
        for name in dims
    }
    texts = {"net": (network.net_names, "name of the net"), "terminal": (TERMINALS, "terminal of a device")}
    variables |= {
        name: ArrayVariable((name,), np.array(values, dtype=object), {"units": "1", "long_name": meaning})
        for name, (values, meaning) in texts.items()
    }
    attrs = {
        "format": FORMAT, "neurons": network.neurons, "layers": ",".join(network.layers),
        "dynamics": network.dynamics.model, **network.attrs,
    }  # fmt: skip
    return write_arrays(ArrayFile(variables, attrs), path)


@takes_kinds
def read_network(path: str | Path) -> Network:
    """Read a network that ``write_network`` wrote.

    Raises:
        InputError: missing, damaged, not a network, or with wrong values.
    """
    path = Path(path)
    found = read_arrays(path, "network", _WANTED)
    attrs, variables = dict(found.attrs), found.variables
    neurons, layers = attrs.pop("neurons", None), attrs.pop("layers", None)
    model = attrs.pop("dynamics", DEFAULT)  # older files have none
    if (wrong := not_ours(attrs.pop("format", None), FORMAT)) or not isinstance(layers, str):
        raise InputError(f"{path}: damaged, or no network ({wrong or 'no layers'})")
    if not isinstance(neurons, (int, np.integer)) or not 0 < neurons <= found.sizes["device"]:
        raise InputError(f"{path}: damaged, or no network (neurons is {shown(neurons)})")
    arrays = {
        name: variables[name].values.astype(np.int32 if name in _INTEGER else float, copy=False)
        for name in (*_DIMS, *_CAPACITANCE_DIMS)
        if name in variables
    }
    try:
        return Network(
            neurons=int(neurons), net_names=tuple(variables["net"].values), attrs=attrs, **arrays,
            layers=tuple(layer for layer in layers.split(",") if layer),
            dynamics=DynamicsData.read(model, variables),
        ).validate()  # fmt: skip
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


_GAPS = {"node_x", "node_y", "resistor_limit", "device_x", "device_y"}  # no place, no limit known
_LATER = {"narrowest_area"}  # not in older files
_WANTED = {
    **{
        name: Wanted(dims, "i" if name in _INTEGER else "f", name in _GAPS, name in _LATER)
        for name, dims in _DIMS.items()
    },
    **{name: Wanted(dims, "i" if name in _INTEGER else "f", optional=True) for name, dims in _CAPACITANCE_DIMS.items()},
    "net": Wanted(("net",), "U"),
    "dynamics_value": Wanted(("dynamics_parameter", "device"), optional=True),
    "dynamics_parameter": Wanted(("dynamics_parameter",), "U", optional=True),
}
assert set(_DIMS) | set(_CAPACITANCE_DIMS) <= {f.name for f in fields(Network)}
