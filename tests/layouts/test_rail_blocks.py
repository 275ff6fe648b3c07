"""Rails of their own for every block of rows: drawn, checked, extracted, and held at their own voltages."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import yaml

import layouts
import sim
from hwlib.checks import drc, lvs
from hwlib.design import Design, load_design
from hwlib.errors import LONGEST_LINE, InputError
from hwlib.extraction import extract
from hwlib.nets import RAIL, in_words, parse_net
from hwlib.process import load_process, preset_names
from hwlib.schematic import ideal_network
from hwlib.weights import weight_levels
from layouts.floorplan import floorplan
from spinhop import checking
from tests.layouts.test_crossbar_geometry import flat_regions, violations
from tests.layouts.test_crossbar_nets import level_name, trace
from tests.support.fitting import fitting_device

ORDER, BLOCK = (3, 0, 5, 2, 4, 1), {3: 0, 0: 0, 5: 1, 2: 1, 4: 2, 1: 2}  # two rows a block, from below


def design(process="ebeam", blocks=3, **network):
    signs = 1.0 - 2 * (np.add.outer(np.arange(6), np.arange(6)) // 2 % 2)
    levels = signs * np.array([1, 1.1, 1, 1.05, 0.9, 1])[:, None]
    levels[3, 0] = 0.0  # one level more in block 0
    np.fill_diagonal(levels, 0.0)
    return Design(
        name="blocks", process=process, device=fitting_device(process),
        network={"neurons": 6, "rail_blocks": blocks, "order": ORDER, "weights": {"matrix": levels.tolist()}} | network,
    )  # fmt: skip


@pytest.mark.parametrize("k", [1, 3, 5])
def test_blocks_are_clean_and_every_axon_hangs_on_its_own(k, tmp_path):
    process = preset_names()[k]
    more = ({}, {"straps": {"weight": {"metal": "m4", "pitch": 2}}}, {"feeds": {"weight": "west"}})[k % 3]
    drawn, p = design(process, soma_placement=("diagonal", "centred")[k % 2], **more), load_process(process)
    component = layouts.hopfield(drawn)
    assert violations(flat_regions(component, p), p) == []
    path = layouts.write_layout(component, tmp_path / "blocks.gds")
    assert drc(path, p) == lvs(path, p, drawn) == []
    levels = weight_levels(drawn)
    devices, _ = trace(path, p)
    devices.sort(key=lambda d: d[0].y)
    for a, i in enumerate(ORDER):
        row = sorted(devices[a * 6 : a * 6 + 6], key=lambda d: d[0].x)
        weights = [nets[2] for _, nets in row]
        assert weights == ["vdw" if i == j else f"{level_name(levels[i, j])}_b{BLOCK[i]}" for j in ORDER]


def test_names_of_rails_of_blocks():
    name = RAIL.net_name(level=-1.05, block=12)
    assert name == "w_m1p05_b12" and parse_net(name) == (RAIL, -1, -1, -1.05, 12)
    assert in_words(name) == "−1.05 W rail of block 12" and in_words("w_p1") == "+W rail"
    assert [parse_net(x) for x in ("w_p1_b", "w_p1_b01", "w_p1_b-1", "w_1_b2", "dend_3_b1")] == [None] * 5


def test_rows_have_the_rails_of_their_block_alone():
    plan = floorplan(design())
    assert [len(rails) for rails in plan.rails] == [5, 2, 4]
    assert plan.block.tolist() == [0, 0, 1, 1, 2, 2]
    assert len(plan.tile.tracks) == 5 and len(floorplan(design(blocks=1)).tile.tracks) == 9
    trunks = plan.side_trunks(True)
    width = {net: far - near for net, (near, far) in trunks.items()}
    assert len(trunks) == 5 + 2 + 4 + 1
    assert (width["w_p1_b0"], width["vdw"]) == (40, 120)  # two and six rows of 40 nm, shared by two sides


def test_lvs_sees_rows_on_the_rails_of_another_block(tmp_path):
    p, drawn = load_process("ebeam"), design(blocks=2)
    path = layouts.write_layout(layouts.hopfield(drawn), tmp_path / "blocks.gds")
    assert lvs(path, p, drawn) == []
    assert any(finding.severity == "error" for finding in lvs(path, p, design(blocks=3)))


def test_blocks_change_no_ideal_network_and_have_voltages_of_their_own(tmp_path):
    p = load_process("ebeam")
    start = np.array([1, 0, 0, 1, 1, 0])
    runs = [sim.run(ideal_network(d, p), sim.protocol_for(d, p, start=start), record=False)
            for d in (design(blocks=1), design(blocks=3))]  # fmt: skip
    np.testing.assert_allclose(runs[1].wall_final, runs[0].wall_final, rtol=0, atol=1e-15)
    assert float(runs[1].time_to_solution) == pytest.approx(float(runs[0].time_to_solution), rel=1e-9)
    drawn = design()
    network = extract(layouts.write_layout(layouts.hopfield(drawn), tmp_path / "blocks.oas"), p, drawn)
    assert list(network.net_names) == list(ideal_network(drawn, p).net_names)
    np.testing.assert_array_equal(network.weight_levels(), weight_levels(drawn))
    raised = {name: 1.02 * parse_net(name).level for name in network.weight_nets if name.endswith("_b1")}
    protocol = replace(sim.protocol_for(drawn, p, start=start), net_levels=raised)
    volts = dict(zip(network.net_names, protocol.net_voltages(network), strict=True))
    assert volts["w_p1_b1"] == pytest.approx(0.102) and volts["w_p1_b0"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ({"rail_blocks": 5}, "5 blocks, but 4 rows"),
        ({"rail_blocks": 0}, "rail_blocks"),
        ({"rail_blocks": 65}, "rail_blocks"),
        ({"rail_blocks": "two"}, "rail_blocks"),
        ({"rail_blocks": 2, "weight_style": "lines"}, "rail_blocks: weight_style lines has no rails"),
    ],
)
def test_bad_blocks_are_refused(network, words, tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text(yaml.safe_dump({"name": "bad", "network": {"neurons": 4, **network}}), encoding="utf-8")
    with pytest.raises(InputError, match=words) as error:
        load_design(path)
    assert all(len(line) <= LONGEST_LINE for line in error.value.lines)


def test_a_block_may_have_as_many_rails_as_a_row_without_blocks():
    levels = np.arange(1.0, 37.0).reshape(6, 6)
    np.fill_diagonal(levels, 0.0)
    network = {"neurons": 6, "weights": {"matrix": levels.tolist()}}
    with pytest.raises(InputError, match="30 distinct weights, the rails style carries at most 16"):
        weight_levels(Design(name="many", network=network))
    names = ideal_network(Design(name="many", network={**network, "rail_blocks": 2}), load_process("ebeam")).net_names
    assert sum(name.startswith("w_") for name in names) == 30


def test_blocks_without_voltages_of_their_own_are_said_to_be_so():
    said = []
    for network, made_up in (({}, None), ({"rail_blocks": 2}, None), ({"rail_blocks": 2}, {"weights_file": "v.csv"})):
        design = Design(name="b", network={"neurons": 4} | network, compensation=made_up)
        checking._tell_rails(SimpleNamespace(design=design, remark=said.append))
    assert len(said) == 1 and said[0].startswith(
        "network.rail_blocks: 2 blocks of rails, all at the same voltages; see "
    )
