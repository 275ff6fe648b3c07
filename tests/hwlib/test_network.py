"""The network file: what is written reads back, damage is refused in one line."""

from __future__ import annotations

from dataclasses import fields, replace

import h5py
import numpy as np
import pytest
import xarray as xr

from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.nets import LINE
from hwlib.network import Network
from hwlib.network_file import read_network, write_network
from hwlib.process import load_process
from hwlib.schematic import ladder_network
from hwlib.storage.array_files import ArrayFile, ArrayVariable, write_arrays


def _network(neurons: int = 4) -> Network:
    network = ladder_network(Design(name="d", network={"neurons": neurons}), load_process("ebeam"), 1.5)
    layer = np.arange(len(network.resistor_ohm), dtype=np.int32) % 2
    return replace(network, layers=("m2", "m3"), resistor_layer=layer)


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> bytes:
    """A network's file."""
    return write_network(_network(), tmp_path_factory.mktemp("network") / "n.nc").read_bytes()


@pytest.fixture
def file(tmp_path, written):
    """A copy of it, to damage."""
    path = tmp_path / "n.nc"
    path.write_bytes(written)
    return path


def test_reads_back(tmp_path):
    network = _network()
    back = read_network(write_network(network, tmp_path / "n.nc"))
    for field in fields(Network):
        one, two = getattr(network, field.name), getattr(back, field.name)
        if isinstance(one, np.ndarray):
            np.testing.assert_array_equal(one, two, err_msg=field.name)
            assert one.dtype.kind == two.dtype.kind, field.name
        else:
            assert one == two, field.name


def test_file_says_what_it_holds(tmp_path):
    with xr.open_dataset(write_network(_network(), tmp_path / "n.nc"), engine="netcdf4") as dataset:
        for name, variable in dataset.data_vars.items():
            assert variable.attrs["long_name"] and variable.attrs["units"], name


@pytest.mark.parametrize("content", [b"", b"not a file of this kind", b"\x89HDF\r\n\x1a\n"])
def test_junk_is_refused(tmp_path, content):
    path = tmp_path / "n.nc"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"n\.nc: damaged, or no network \(OSError in HDF5\)"):
        read_network(path)


def test_missing_and_foreign_files(tmp_path):
    with pytest.raises(InputError, match="no such network file"):
        read_network(tmp_path / "none.nc")
    xr.Dataset({"a": 1}).to_netcdf(tmp_path / "other.nc", engine="netcdf4")
    with pytest.raises(InputError, match=r"damaged, or no network \(no variable node_net\)"):
        read_network(tmp_path / "other.nc")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("resistor_ohm", 0.0), ("resistor_ohm", -1.0), ("resistor_ohm", np.nan), ("resistor_ohm", np.inf),
        ("terminals", 10**6), ("terminals", -1), ("pin_node", 10**6), ("node_net", 10**6), ("pre", 99), ("post", -1),
        ("r_p", 0.0), ("length", np.nan), ("mobility", np.inf), ("resistor_nodes", -5), ("post", 1),
        ("resistor_layer", 99), ("resistor_layer", -2), ("resistor_limit", 0.0), ("resistor_limit", np.nan),
    ],
)  # fmt: skip
def test_damaged_values_are_refused(file, name, value):
    with h5py.File(file, "a") as opened:
        data = opened[name][...]
        data.flat[0] = value
        opened[name][...] = data
    with pytest.raises(InputError, match=r"n\.nc: (network: .* is wrong|damaged, or no network .* not finite)"):
        read_network(file)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, written) -> ArrayFile:
    """What the file holds."""
    path = tmp_path_factory.mktemp("whole") / "n.nc"
    path.write_bytes(written)
    with xr.open_dataset(path, engine="netcdf4", decode_cf=False) as opened:
        there = opened.load()
    variables = {str(name): ArrayVariable(each.dims, each.values) for name, each in there.variables.items()}
    return ArrayFile(variables, there.attrs)


def cut(content: ArrayFile, dimension: str, kept: int) -> ArrayFile:
    """Only the first of a dimension, or all but the last."""
    index = {dimension: slice(0, kept)}
    return replace(content, variables={
        name: each._replace(values=each.values[tuple(index.get(dim, slice(None)) for dim in each.dims)])
        for name, each in content.variables.items()
    })  # fmt: skip


@pytest.mark.parametrize("kept", [0, 1, -1])
@pytest.mark.parametrize("dimension", ["node", "resistor", "end", "pin", "device", "terminal", "net"])
def test_cut_arrays_are_refused(tmp_path, whole, dimension, kept):
    """Of nodes, nets, devices … only the first, or all but the last: what points to the others says so in one line."""
    path = write_arrays(cut(whole, dimension, kept), tmp_path / "n.nc")
    try:
        network = read_network(path)
    except InputError as error:
        assert str(error).startswith(str(path)) and len(str(error)) <= 200 and "\n" not in str(error)
    else:  # fewer pins or wires are another network, not a damaged one
        assert dimension in ("pin", "resistor") and network.nodes == whole.sizes["node"]


def test_resistor_between_two_nets_is_refused():
    network = _network()
    nodes = network.resistor_nodes.copy()
    nodes[0, 1] = network.pin_node[0]  # ground
    with pytest.raises(InputError, match="resistors join one net"):
        replace(network, resistor_nodes=nodes).validate()


def test_foreign_net_name_is_refused():
    network = _network()
    with pytest.raises(InputError, match="net 'VSS' is not a name"):
        replace(network, net_names=("VSS", *network.net_names[1:])).validate()


def test_somas_are_listed_by_neuron_whatever_the_order_of_devices():
    network = _network()
    order = np.random.default_rng(0).permutation(network.devices)
    shuffled = replace(network, pre=network.pre[order], post=network.post[order])
    assert np.array_equal(shuffled.post[shuffled.somas], np.arange(4))
    assert np.array_equal(shuffled.pre[shuffled.somas], np.arange(4))


def test_other_device_values():
    network = _network()
    varied = network.with_devices(r_p=np.linspace(400, 600, network.devices), leak=-1.0)
    assert varied.r_p[0] == 400 and np.all(varied.leak == -1.0)
    np.testing.assert_allclose(network.r_p, 500)
    with pytest.raises(InputError, match="no device parameter 'colour'"):
        network.with_devices(colour=1.0)


def test_narrowest_cross_section_goes_with_the_area_and_may_lack_in_a_file(tmp_path):
    network = _network()
    np.testing.assert_array_equal(network.narrowest_area, network.area)
    uneven = network.with_devices(narrowest_area=network.area / 2)
    np.testing.assert_allclose(uneven.with_devices(area=3 * network.area).narrowest_area, 1.5 * network.area)
    np.testing.assert_array_equal(uneven.with_devices(area=1.0, narrowest_area=0.25).narrowest_area, 0.25)
    path = write_network(uneven, tmp_path / "network.nc")
    np.testing.assert_array_equal(read_network(path).narrowest_area, network.area / 2)
    with xr.open_dataset(path, engine="netcdf4") as found:
        older = found.load().drop_vars("narrowest_area")
    older.to_netcdf(tmp_path / "older.nc", engine="netcdf4")
    np.testing.assert_array_equal(read_network(tmp_path / "older.nc").narrowest_area, network.area)
    with pytest.raises(InputError, match="narrowest_area is wrong"):
        network.with_devices(narrowest_area=2 * network.area).validate()


def test_summary_is_short_and_escaped():
    from dataclasses import replace

    from hwlib.design import Design
    from hwlib.schematic import ladder_network

    design = Design(name="small", network={"neurons": 3})
    network = ladder_network(design, design.load_process(), 2.0)
    odd = replace(network, attrs={"design": "<b>"}, net_names=("no name of ours", *network.net_names[1:]))
    assert f"devices         {network.devices}" in repr(network) and len(repr(network).splitlines()) < 12
    assert "<b>" in repr(odd) and "&lt;b&gt;" in odd._repr_html_() and "<b>" not in odd._repr_html_()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"r_p": float("nan")}, "r_p is wrong"), ({"r_p": -1.0}, "r_p is wrong"),
        ({"leak": float("inf")}, "leak is wrong"),
        ({"r_p": [1.0, 2.0]}, "r_p is list of 2, needs a number"), ({"r_m": "5 ohm"}, "r_m is '5 ohm', needs a number"),
        ({"r_p": 3000.0}, "r_ap: 2000 ohm at device 0, allowed from r_p on, 3000 ohm$"),
        ({"r_ap": [2000.0, 2000.0, 499.0, 2000.0]}, "r_ap: 499 ohm at device 2, allowed from r_p on, 500 ohm$"),
        ({"pillar_centre": 2e-7}, "pillar_centre: 2e-07 m at device 0, allowed below its track's length, 1e-07 m$"),
    ],
)  # fmt: skip
def test_devices_that_cannot_be_are_refused(change, said):
    """A pillar of NaN ohm ended in a state and a time, one of -1 ohm never; R_AP below R_P too."""
    network = _network(2)
    with pytest.raises(InputError, match=f"^network: {said}"):
        network.with_devices(**change)


def test_wires_that_cannot_be_are_refused():
    network = _network(2)
    with pytest.raises(InputError, match="resistor_ohm is wrong"):
        network.with_wires(-network.resistor_ohm)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda n: n.with_only(np.array([0.5])), r"devices: array\(\[0.5\]\), allowed: whole numbers from 0 to 15"),
        (lambda n: n.with_only("all"), "devices: 'all', allowed: whole numbers"),
        (lambda n: n.with_only(3), "devices: 3, allowed: whole numbers"),
        (lambda n: n.with_only(np.array([0, 5, 10, 16])), "allowed: whole numbers from 0 to 15"),
        (lambda n: n.with_only(np.ones(3, bool)), "devices: array.* allowed: whole numbers"),
        (lambda n: n.with_only(np.array([0, 5, 10])), "devices: without device 15, a soma"),
        (lambda n: n.held_nets("gnd"), "classes: 'gnd', allowed: classes of hwlib.nets"),
        (lambda n: n.nets_of([LINE]), "classes: list of 1, allowed: classes of hwlib.nets"),
        (lambda n: n.net_index(3), "name: 3, allowed: the name of a net"),
        (lambda n: n.net_index(np.array(["gnd", "vdw"])), "name: array.*, allowed: the name of a net"),
    ],
)
def test_questions_of_another_kind_are_refused(ask, said):
    """They had NumPy's errors, or answers that mean nothing."""
    with pytest.raises(InputError, match=said):
        ask(_network())


def test_some_devices_alone_by_numbers_or_by_yes_and_no():
    network = _network()
    chosen = network.is_soma | (network.pre == 1)
    assert np.array_equal(network.with_only(chosen).pre, network.with_only(np.flatnonzero(chosen)).pre)
    assert network.with_only(chosen).devices == 7
