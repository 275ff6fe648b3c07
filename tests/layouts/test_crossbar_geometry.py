"""What is drawn, measured on the polygons: devices against the design, design rules against the process file."""

import klayout.db as kdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import layouts
from hwlib.design import Design
from hwlib.device import Device
from hwlib.errors import LONGEST_LINE, InputError
from hwlib.process import load_process, preset_names
from hwlib.sections.network_fields import NetworkFields
from tests.support.fitting import ESTIMATES, fitting_device


def flat_regions(component, process):
    layout, top = component.kcl.layout, component.kdb_cell
    return {
        name: kdb.Region(top.begin_shapes_rec(layout.layer(*layer.gds))).merged()
        for name, layer in process.layers.items()
    }


def device_violations(regions, process):
    """Extensions and overlaps, pillar by pillar."""
    found = []
    for rule in process.extensions:
        for box in (p.bbox() for p in regions[rule.past].each()):
            bodies = [p.bbox() for p in regions[rule.layer].each() if p.bbox().contains(box.center())]
            ways = [(box.left - b.left, b.right - box.right) for b in bodies]
            ways += [(box.bottom - b.bottom, b.top - box.top) for b in bodies]
            found += [f"{rule.layer}.extends.{rule.past}"] * (max(map(min, ways), default=0) < round(rule.by * 1e9))
    for rule in process.overlaps:
        for box in (p.bbox() for p in regions[rule.first].each()):
            common = (kdb.Region(box) & regions[rule.second]).bbox()
            short = common.empty() or min(common.width(), common.height()) < round(rule.width * 1e9)
            found += [f"{rule.first}.overlap.{rule.second}"] * short
    return found


def violations(regions, process):
    """Rule names broken, straight from the process file; independent of the project's own checker."""
    nm = 1e9
    found = []
    for name, layer in process.layers.items():
        region = regions[name]
        if layer.min_width:
            found += [f"{name}.width"] * region.width_check(round(layer.min_width * nm)).count()
        if layer.min_space:
            found += [f"{name}.space"] * region.space_check(round(layer.min_space * nm)).count()
        if layer.min_area:
            small = region.with_area(None, round(layer.min_area * nm * nm), False)
            found += [f"{name}.area"] * small.count()
        if layer.size:
            size = round(layer.size * nm)
            found += [f"{name}.size" for p in region.each() if (p.bbox().width(), p.bbox().height()) != (size, size)]
        if layer.connects:
            for end in layer.connects:
                found += [f"{end}.covers.{name}"] * (region - regions[end]).count()
    for rule in process.enclosures:
        inner = regions[rule.inner]
        if process.layers[rule.outer].kind == "marker":
            inner = inner.interacting(regions[rule.outer])
        short = inner.sized(round(rule.margin * nm)) - regions[rule.outer]
        if (rule.outer, rule.inner) == ("m1", "v1"):
            assert not inner.is_empty()
        found += [f"{rule.outer}.encloses.{rule.inner}"] * short.count()
    for rule in process.separations:
        first, second = regions[rule.first], regions[rule.second]
        count = (first & second).count() + first.separation_check(second, round(rule.space * nm)).count()
        found += [f"{rule.first}.separation.{rule.second}"] * count
    found += device_violations(regions, process)
    return sorted(set(found))


def design(process="ebeam", n=4, style="rails", placement="diagonal", device=None, **network):
    return Design(
        name="geometry", process=process, device=device or fitting_device(process),
        network=NetworkFields(neurons=n, weight_style=style, soma_placement=placement, **network),
    )  # fmt: skip


@pytest.mark.parametrize("process", preset_names())
@pytest.mark.parametrize("placement", ["diagonal", "centred"])
@pytest.mark.parametrize("style", ["rails", "lines"])
def test_design_rules_hold(style, placement, process):
    for n in (2, 3, 7) if process in ESTIMATES else (4,):
        p = load_process(process)
        regions = flat_regions(layouts.hopfield(design(process, n, style, placement)), p)
        assert violations(regions, p) == []


widths = st.one_of(st.none(), st.integers(64, 400).map(lambda v: v * 1e-9))
NETWORK_WIDTHS = ("dendrite_width", "drive_width", "ground_width", "weight_width", "vdw_width")


@st.composite
def designs(draw):
    """Designs with the pillar anywhere between 30 nm from one contact and 30 nm from the other."""
    length, width, pillar = draw(st.integers(110, 700)), draw(st.integers(40, 160)), draw(st.integers(20, 48))
    left = draw(st.integers(30, length - pillar - 30))
    device = Device(
        track_length=length * 1e-9, track_width=width * 1e-9, pillar_width=pillar * 1e-9,
        pillar_position=(left + pillar / 2) / length,
    )  # fmt: skip
    process, style = draw(st.sampled_from(ESTIMATES)), draw(st.sampled_from(["rails", "lines"]))
    placement = draw(st.sampled_from(["diagonal", "centred"]))
    near = min(left, length - left - pillar)
    return design(process, 3, style, placement, device, **{name: draw(widths) for name in NETWORK_WIDTHS}), near


@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(designs())
def test_design_rules_hold_for_any_geometry_that_is_accepted(drawn):
    one, near = drawn
    p = load_process(one.process)
    try:
        component = layouts.hopfield(one)
    except InputError as error:
        assert near < 48, str(error)  # refused only where the pillar comes near an end contact
        return
    regions = flat_regions(component, p)
    assert violations(regions, p) == []
    _devices_as_designed(regions, one.device, 9)


def _devices_as_designed(regions, device, count):
    nm = 1e9
    assert regions["track"].count() == regions["pillar"].count() == count
    assert (regions["pillar"] & regions["track"] & regions["read"]).area() == regions["pillar"].area()
    for track in regions["track"].each():
        own = kdb.Region(track)
        ends = regions["vt"].interacting(own)
        source = next(ends.interacting(regions["pin"]).each()).bbox()
        drain = next(ends.not_interacting(regions["pin"]).each()).bbox()
        pillar = next(regions["pillar"].interacting(own).each()).bbox()
        assert source.right < drain.left
        assert drain.left - source.right == round(device.track_length * nm)
        assert track.bbox().height() == pillar.height() == round(device.track_width * nm)
        assert pillar.width() == round(device.pillar_width * nm)
        centre = (pillar.left + pillar.right) / 2 - source.right
        assert centre == pytest.approx(device.pillar_position * device.track_length * nm, abs=1e-6)
        assert track.bbox().bottom == pillar.bottom


@pytest.mark.parametrize("process", ESTIMATES)
def test_devices_are_drawn_as_designed(process):
    device = Device(track_length=200e-9, track_width=80e-9, pillar_width=40e-9, pillar_position=0.4)
    p = load_process(process)
    regions = flat_regions(layouts.hopfield(design(process, 5, device=device)), p)
    _devices_as_designed(regions, device, 25)


def test_the_rule_check_of_these_tests_sees_a_violation():
    p = load_process("ebeam")
    regions = flat_regions(layouts.hopfield(design()), p)
    wire = next(regions["m3"].each()).bbox()
    regions["m3"] = (regions["m3"] + kdb.Region(kdb.Box(wire.left, wire.top + 20, wire.right, wire.top + 50))).merged()
    assert {"m3.space", "m3.width"} <= set(violations(regions, p))


def test_wire_widths_are_drawn_as_given():
    given_widths = {"dendrite_width": 90e-9, "drive_width": 120e-9, "ground_width": 70e-9, "vdw_width": 55e-9}
    p = load_process("ebeam")
    component = layouts.hopfield(design(n=3, weight_width=65e-9, **given_widths))
    regions = flat_regions(component, p)
    widths_of = {}
    for layer in ("m2", "m3"):
        labels = component.kdb_cell.shapes(component.kcl.layout.layer(*p.layers[layer].label))
        for text in (shape.text for shape in labels.each()):
            box = next(piece.bbox() for piece in regions[layer].each() if piece.inside(kdb.Point(text.x, text.y)))
            widths_of[text.string] = min(box.width(), box.height())
    assert {widths_of[f"dend_{i}"] for i in range(3)} == {90}
    assert {widths_of[f"drive_{i}"] for i in range(3)} == {120}


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("dendrite_width", 30e-9, ("dendrite_width", "30 nm", "m3.width", "40 nm")),
        ("drive_width", 20e-9, ("drive_width", "20 nm", "m2.width")),
        ("weight_width", 39e-9, ("weight_width", "39 nm", "m3.width")),
        ("vdw_width", 50.5e-9, ("vdw_width", "50.5 nm", "grid")),
    ],
)
def test_a_wire_that_breaks_a_rule_is_refused(field, value, words):
    with pytest.raises(InputError) as error:
        layouts.hopfield(design(**{field: value}))
    assert all(word in str(error.value) for word in words)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("device", "words"),
    [
        ({"track_length": 60e-9}, ("track_length", "m1.space")),
        ({"track_width": 30e-9}, ("track_width", "30 nm", "track.encloses.vt", "40 nm")),
        ({"pillar_width": 10e-9}, ("pillar_width", "10 nm", "pillar.width", "20 nm")),
        ({"pillar_position": 0.15}, ("pillar_position", "separation")),
        ({"pillar_position": 0.503}, ("pillar edge", "grid")),
        ({"track_length": 100.4e-9}, ("track_length", "100.4 nm", "grid")),
    ],
)
def test_a_device_that_breaks_a_rule_is_refused(device, words):
    with pytest.raises(InputError) as error:
        layouts.hopfield(design(device=Device(**device)))
    assert all(word in str(error.value) for word in words), str(error.value)


@pytest.mark.parametrize(("process", "widths"), [("sky130", {}), ("gf180mcu", {}), ("copper", {"pillar_width": 31e-9})])
def test_a_track_that_is_too_short_is_told_the_shortest(process, widths):
    """Which is drawn without any violation, and is refused when it is two grid steps shorter."""
    p, device = load_process(process), {"track_width": 50e-9, "pillar_width": 20e-9, **widths}
    with pytest.raises(InputError, match=r"; track_length fits from [0-9]+ nm on$") as error:
        layouts.hopfield(design(process, 2, device=Device(track_length=device["pillar_width"] + 40e-9, **device)))
    assert len(str(error.value)) <= LONGEST_LINE - len("mine.yaml:9: device.track_length: ")
    least = float(str(error.value).split()[-3]) * 1e-9
    regions = flat_regions(layouts.hopfield(design(process, 2, device=Device(track_length=least, **device))), p)
    assert violations(regions, p) == []
    with pytest.raises(InputError, match="track_length"):
        layouts.hopfield(design(process, 2, device=Device(track_length=least - 2 * p.grid, **device)))
