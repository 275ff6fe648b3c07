"""Views of a macro against the drawn polygons.

LEF is read by KLayout's LEF reader, Verilog by slang, CDL by KLayout's SPICE reader; what is drawn is traced by KLayout
alone, from shapes and labels.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import klayout.db as kdb
import pytest
from pyslang.ast import Compilation
from pyslang.syntax import SyntaxTree

from hwlib.checks import drc, lvs
from hwlib.checks.connectivity import Extracted
from hwlib.checks.device_extractor import device_class
from hwlib.checks.lvs_reference import reference_netlist
from hwlib.design import Design, load_design
from hwlib.drawing.reader import open_layout
from hwlib.errors import InputError
from hwlib.process import Process
from hwlib.schematic import ideal_network
from layouts.macro_views import abstract, black_box, write_views
from layouts.macro_views.black_box import verilog_name
from layouts.pins import pins

ROOT = Path(__file__).resolve().parents[2]
CASES = {
    "rails": "name: tiny-3\nnetwork: {neurons: 3}\n",
    "lines": "name: lines_4\nnetwork: {neurons: 4, weight_style: lines, soma_placement: centred}\n",
    "straps": (ROOT / "layouts" / "examples" / "hopfield_10_straps.yaml").read_text(encoding="utf-8"),
    "sky130": (ROOT / "layouts" / "examples" / "hopfield_8_sky130.yaml").read_text(encoding="utf-8"),
}  # fmt: skip


class Made(NamedTuple):
    design: Design
    process: Process
    folder: Path

    def file(self, end: str) -> Path:
        return self.folder / f"{self.name}{end}"

    @property
    def name(self) -> str:
        return self.design.name.replace("-", "_")


@pytest.fixture(scope="module", params=CASES)
def made(request, tmp_path_factory) -> Made:
    folder = tmp_path_factory.mktemp("views")
    (folder / "d.yaml").write_text(CASES[request.param])
    design = load_design(folder / "d.yaml")
    files = write_views(design, folder / "out")
    assert sorted(p.name.removeprefix(design.name.replace("-", "_")) for p in files) == [
        ".cdl",
        ".gds",
        ".lef",
        ".tech.lef",
        ".v",
    ]
    return Made(design, design.load_process(), folder / "out")


def layers(layout: kdb.Layout) -> dict[str, int]:
    return {layout.get_info(index).name: index for index in layout.layer_indexes()}


def read_lef(made: Made) -> tuple[kdb.Layout, kdb.Cell]:
    layout, options = kdb.Layout(), kdb.LoadLayoutOptions()
    options.lefdef_config.read_lef_with_def = False
    for end in (".tech.lef", ".lef"):
        layout.read(str(made.file(end)), options)
    return layout, layout.cell(made.name)


def read_gds(made: Made) -> kdb.Layout:
    layout = kdb.Layout()
    layout.read(str(made.file(".gds")))
    assert layout.dbu == 0.001 and layout.top_cell().name == made.name
    return layout


def drawn_region(made: Made, layout: kdb.Layout, name: str) -> kdb.Region:
    index = layout.find_layer(*made.process.layers[name].gds)
    return kdb.Region() if index is None else kdb.Region(layout.top_cell().begin_shapes_rec(index)).merged()


def traced(made: Made, layout: kdb.Layout) -> tuple[kdb.LayoutToNetlist, dict[str, kdb.Region]]:
    """The drawn metal by nets, named by labels."""
    nets = kdb.LayoutToNetlist(kdb.RecursiveShapeIterator(layout, layout.top_cell(), []))
    metal = {}
    for name, layer in made.process.layers.items():
        if layer.kind in ("conductor", "via"):
            metal[name] = nets.make_layer(layout.layer(*layer.gds), name)
            nets.connect(metal[name])
        if layer.label:
            texts = nets.make_text_layer(layout.layer(*layer.label), f"{name} label")
            nets.connect(metal[name], texts)
    for name, layer in made.process.layers.items():
        for end in layer.connects or ():
            if layer.kind == "via" and end in metal:
                nets.connect(metal[name], metal[end])
    nets.extract_netlist()
    return nets, metal


def test_lef_pins_are_the_drawn_nets_at_the_border(made):
    (lef, macro), layout = read_lef(made), read_gds(made)
    known, (nets, metal) = layers(lef), traced(made, layout)
    outline = drawn_region(made, layout, "outline").bbox()
    assert lef.dbu == layout.dbu and [s.box for s in macro.shapes(known["OUTLINE"]).each()] == [outline]
    found = set()
    for name, index in known.items():
        if not name.endswith(".PIN"):
            continue
        on, drawn = name.removesuffix(".PIN"), drawn_region(made, layout, name.removesuffix(".PIN"))
        texts = [s.text for s in macro.shapes(known[f"{on}.LABEL"]).each()]
        shapes = [shape.box for shape in macro.shapes(index).each()]
        assert len(shapes) == len(texts) and (kdb.Region(shapes) - drawn).is_empty()
        for box in shapes:
            assert any(getattr(box, side) == getattr(outline, side) for side in ("left", "right", "top", "bottom"))
            label = [text.string for text in texts if box.contains(text.trans.disp.to_p())]
            net = nets.probe_net(metal[on], box.center())
            assert label == [net.name]
            found.add(net.name)
    assert found == set(ideal_network(made.design, made.process).net_names)


def test_lef_blocks_all_metal_but_the_pins_and_their_distance(made):
    (lef, macro), layout = read_lef(made), read_gds(made)
    known = layers(lef)
    blocked = 0
    for name, layer in made.process.layers.items():
        if layer.kind == "marker" or name == "read" or name in ("track", "pillar", "vt", "vr"):
            continue
        drawn = drawn_region(made, layout, name)
        obs, pins = (
            kdb.Region(macro.begin_shapes_rec(known[f"{name}.{kind}"])) if f"{name}.{kind}" in known else kdb.Region()
            for kind in ("OBS", "PIN")
        )
        assert obs.is_empty() == drawn.is_empty()
        space = round(layer.min_space / layout.dbu * 1e6)
        assert (obs & pins).is_empty() and obs.separation_check(pins, space).count() == 0
        assert (drawn - obs - pins.sized(space)).is_empty()
        blocked += not obs.is_empty()
    assert blocked >= 4


def test_the_technology_says_what_the_process_says(made):
    text = made.file(".tech.lef").read_text()
    for name, layer in made.process.layers.items():
        block = re.search(rf"(?s)LAYER {name}\n(.*?)END {name}\n", text)
        if layer.kind != "conductor" or name == "read":
            continue
        assert block and "TYPE ROUTING" in block[1]
        said = dict(re.findall(r"  (WIDTH|SPACING|RESISTANCE RPERSQ|THICKNESS) (\S+) ;", block[1]))
        found = [float(said[key]) for key in ("WIDTH", "SPACING", "RESISTANCE RPERSQ", "THICKNESS")]
        wanted = (layer.min_width * 1e6, layer.min_space * 1e6, layer.sheet_resistance, layer.thickness * 1e6)
        assert found == pytest.approx(wanted, rel=1e-8)
    order = re.findall(r"LAYER (\w+)\n  TYPE (ROUTING|CUT)", text)
    kinds = [kind for _, kind in order]
    assert kinds == (["ROUTING", "CUT"] * len(kinds))[: len(kinds)] and kinds[-1] == "ROUTING"
    for via, below, above in re.findall(
        r"VIA (\w+)_default DEFAULT\n.*\n.*\n  LAYER (\w+) ;\n.*\n  LAYER (\w+) ;", text
    ):
        assert made.process.layers[via].connects == (below, above)


def test_the_macro_with_leads_is_clean_and_the_design(made):
    drawing = open_layout(made.file(".gds"), made.process)
    assert [f for f in drc(drawing, made.process) if f.severity == "error"] == []
    assert [f for f in lvs(drawing, made.process, made.design) if f.severity == "error"] == []


def test_verilog_is_the_pins_for_a_compiler(made):
    compilation = Compilation()
    compilation.addSyntaxTree(SyntaxTree.fromFile(str(made.file(".v"))))
    assert list(compilation.getAllDiagnostics()) == []
    (buses,) = compilation.getRoot().topInstances
    (macro,) = [member for member in buses.body if "Instance" in str(member.kind)]
    assert [str(each.name) for each in compilation.getAttributes(macro.definition)] == ["blackbox"]
    nets, n = ideal_network(made.design, made.process).net_names, made.design.network.neurons
    assert macro.definition.name == made.name and buses.name == f"{made.name}_buses"
    assert [port.name for port in macro.body.portList] == list(nets)
    assert {str(port.direction) for port in (*macro.body.portList, *buses.body.portList)} == {"ArgumentDirection.InOut"}
    widths = {port.name: port.type.bitWidth for port in buses.body.portList}
    assert widths.pop("dend") == widths.pop("drive") == n
    assert widths == {net: 1 for net in nets if not net.startswith(("dend_", "drive_"))}
    joins = dict(re.findall(r"\.(\w+)\(([^)]*)\)", made.file(".v").read_text()))
    assert {net: re.sub(r"\[(\d+)\]", r"_\1", at) for net, at in joins.items()} == {net: net for net in nets}


class _Devices(kdb.NetlistSpiceReaderDelegate):
    """Calls of the device's subcircuit are devices."""

    def __init__(self, process: Process):
        super().__init__()
        self.process = process

    def wants_subcircuit(self, name):
        return name.upper() == "DWMTJ"

    def element(self, circuit, _letter, name, model, _value, nets, parameters):
        known = circuit.netlist().device_class_by_name(model)
        if known is None:
            circuit.netlist().add(device_class(self.process))
            known = circuit.netlist().device_class_by_name(model)
        device = circuit.create_device(known, name)
        for terminal, net in enumerate(nets):
            device.connect_terminal(terminal, net)
        for key, value in parameters.items():
            device.set_parameter(key, value)
        return True


def read_cdl(made: Made) -> tuple[kdb.Netlist, kdb.Circuit]:
    netlist, delegate = kdb.Netlist(), _Devices(made.process)
    netlist.read(str(made.file(".cdl")), kdb.NetlistSpiceReader(delegate))
    (top,) = netlist.top_circuits()
    return netlist, top


def test_cdl_is_the_schematic_and_what_is_drawn(made):
    netlist, top = read_cdl(made)
    network = ideal_network(made.design, made.process)
    assert top.name.lower() == made.name
    assert [pin.name().lower() for pin in top.each_pin()] == list(network.net_names)
    assert len(list(top.each_device())) == network.devices and len(list(top.each_net())) == len(network.net_names)
    reference = reference_netlist(made.design, made.process)
    reference.top_circuits()[0].name = top.name
    comparer = kdb.NetlistComparer()
    assert comparer.compare(netlist, reference)
    extracted = Extracted(open_layout(made.file(".gds"), made.process))  # owns its netlist
    drawn = extracted.lvs.netlist().dup()
    tops = {circuit.cell_index for circuit in drawn.top_circuits()}
    for circuit in [c for c in drawn.each_circuit_bottom_up() if c.cell_index not in tops]:
        drawn.flatten_circuit(circuit)
    drawn.make_top_level_pins()
    comparer.same_circuits(drawn.top_circuits()[0], top)
    assert comparer.compare(drawn, netlist)


def test_a_slip_in_the_cdl_is_found(made):
    text = made.file(".cdl").read_text()
    path = made.folder / "slip.cdl"
    path.write_text(re.sub(r"(?m)^(Xaxon_0_1) (\S+) (\S+)", r"\1 \3 \2", text, count=1))
    netlist, delegate = kdb.Netlist(), _Devices(made.process)
    netlist.read(str(path), kdb.NetlistSpiceReader(delegate))
    reference = reference_netlist(made.design, made.process)
    reference.top_circuits()[0].name = netlist.top_circuits()[0].name
    assert path.read_text() != text and not kdb.NetlistComparer().compare(netlist, reference)


def test_names_are_escaped_or_refused():
    assert [verilog_name(name) for name in ("w_p1", "N3", "d3", "chip_8", "gnd")] == [
        "w_p1",
        "N3",
        "d3",
        "chip_8",
        "gnd",
    ]
    hostile = [
        "module",
        "supply0",
        "always_ff",
        "wire",
        "a-b",
        "8x",
        "x; endmodule",
        "a.b",
        "$display",
        "x`y",
        "a/*b",
        "//c",
    ]
    nets = [name for name in hostile if " " not in name]
    compilation = Compilation()
    compilation.addSyntaxTree(SyntaxTree.fromText(black_box.black_box("end", nets, 2)))
    assert list(compilation.getAllDiagnostics()) == []
    (buses,) = compilation.getRoot().topInstances
    assert [port.name for port in buses.body.portList] == [*nets, "dend", "drive"]
    for bad in ("x; endmodule", "a\nb", "ä", "", "a\tb"):
        with pytest.raises(InputError, match="cannot be a name"):
            verilog_name(bad)


@pytest.mark.parametrize("name", ["x ; END LIBRARY", "x\n.include /etc/passwd", "a b", "ä", "", "1x", 'x"', "*x", "#x"])
def test_a_macro_that_no_netlist_can_name_is_refused(name, tmp_path):
    design = Design(name="tiny", network={"neurons": 2}).model_copy(update={"name": name})
    with pytest.raises(InputError, match="cannot be a name in LEF and CDL"):
        write_views(design, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_macro_called_like_its_device_or_without_a_lead_is_refused(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="a macro cannot be called DwMtj, as its device is in CDL"):
        write_views(Design(name="DwMtj", network={"neurons": 2}), tmp_path / "out")
    monkeypatch.setattr(abstract, "pins", lambda plan: pins(plan)[1:])
    with pytest.raises(InputError, match="net dend_0 has no lead to the macro's border"):
        write_views(Design(name="tiny", network={"neurons": 2}), tmp_path / "out")
    assert not (tmp_path / "out").exists()
