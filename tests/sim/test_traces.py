"""Recorded walls: straight lines between their events against dense output, on every engine; files; bounded size."""

import shutil
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import xarray as xr

import sim
from hwlib.errors import InputError
from hwlib.schematic import ideal_network, ladder_network
from hwlib.weights import hebbian, weight_levels
from sim.engines.reference.reference_stepper import ReferenceSolver
from sim.protocol import protocol_for
from sim.result import EVENT_KINDS
from sim.tasks.setup import paper_design
from sim.traces import wall_band, wall_points, walls_at
from tests.support.random_trials import trial

BEGIN, START, STOP, TURN, ENTER, LEAVE, RELEASE, BEND, END = range(len(EVENT_KINDS))
NEAR = 1e-3  # of L


class DenseOutput:
    """What the reference engine hands to its recorder: walls and velocities at both ends of every step."""

    def __init__(self, network):
        self.length, self.steps = network.length, []

    def begin(self, phase, time, q, rate, look):
        self.last = time, q.copy(), rate.copy()

    def step(self, time, q, rate, look, middle):
        self.steps.append((*self.last, time, q.copy(), rate.copy()))
        self.last = self.steps[-1][3:]

    def end_phase(self, time, look):
        pass

    def end(self, q):
        pass

    def walls(self, parts):
        """Times and walls within all steps: the cubic through both ends, a wall that an end holds stands still."""
        times, walls = [], []
        x = np.linspace(0, 1, parts + 1)[:, None]
        for begin, q0, v0, end, q1, v1 in self.steps:
            d0, d1 = v0 * (end - begin), v1 * (end - begin)
            path = q0 * (1 - x) ** 2 * (1 + 2 * x) + q1 * x**2 * (3 - 2 * x) + x * (1 - x) * (d0 * (1 - x) - d1 * x)
            slack = 1e-8 * self.length
            held = (abs(q1 - q0) <= slack) & ((q0 <= slack) | (q0 >= self.length - slack))
            times.append(begin + x[:, 0] * (end - begin))
            walls.append(np.where(held, q0, path))
        return np.concatenate(times), np.concatenate(walls)


def dense(network, protocol, parts=24):
    """Walls of the reference engine at a tight tolerance, at many times of every step; nothing of the event store."""
    seen = []

    def keep(solver, samples):
        seen.append(DenseOutput(solver.network))
        return seen[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ReferenceSolver, "recorder", keep)
        patch.setattr(ReferenceSolver, "trace", lambda solver, recorder, protocol: None)
        sim.run(network, protocol, engine="reference", tolerance=1e-11, voltages=True)
    return seen[0].walls(parts)


def paper_case(neurons, ohm, seed, style="lines", **changes):
    design = paper_design(neurons)
    process, rng = design.load_process(), np.random.default_rng(seed)
    start = rng.integers(0, 2, neurons)
    pattern = rng.integers(0, 2, (1, neurons))
    network = ladder_network(design, process, ohm) if ohm else ideal_network(design, process, style=style)
    levels = hebbian(pattern) if style == "lines" else None
    return network, protocol_for(design, process, start=start, levels=levels, **changes)


def assert_straight_lines_are_near(result, network, times, walls):
    apart = np.abs(walls_at(result, times) - walls) / network.length
    assert apart.max() < NEAR, np.unravel_index(apart.argmax(), apart.shape)


@cache
def dense_case(ohm, load):
    """A network, its protocol, and its walls: the same for every engine."""
    network, protocol = paper_case(6, ohm, 3, load=load)
    return network, protocol, *dense(network, protocol)


@pytest.mark.parametrize("engine", ["reference", "ideal", "layout"])
@pytest.mark.parametrize(("ohm", "load"), [(0.0, "rest"), (0.0, 16e-9), (2.0, "rest"), (4.0, 5e-9)])
def test_straight_lines_are_near_the_way(engine, ohm, load):
    if engine == "ideal" and ohm:
        pytest.skip("only without wires")
    network, protocol, times, walls = dense_case(ohm, load)
    result = sim.run(network, protocol, engine=engine)
    assert_straight_lines_are_near(result, network, times, walls)
    np.testing.assert_array_equal(walls_at(result, float(result.time_to_solution)), result.wall_final)


def plan(seed, **changes):
    """A random trial: devices that differ, pillars at ends, walls anywhere, weights that make somas turn."""
    rng = np.random.default_rng(seed)
    shapes = ("star", "chain", "ladder", "mesh")
    classes = ("dendrite", "drive", "ground", "vdw", "rail", "line")
    return {
        "neurons": int(rng.integers(2, 6)), "style": ("lines", "rails")[seed % 2], "seed": seed,
        "levels": ("hebbian", "any", "few")[seed % 3], "devices": ("random", "varied", "paper")[seed % 3],
        "load": ("rest", "timed", "none")[seed // 2 % 3], "walls": bool(seed % 4), "limit": 60e-9,
    } | changes | ({"ohm": rng.uniform(-1, 1.5), "shapes": {each: str(rng.choice(shapes)) for each in classes}}
                   if changes.get("wired") else {})  # fmt: skip


@cache
def dense_plan(seed, wired):
    """As ``dense_case``, of a random trial."""
    network, protocol = trial(plan(seed, wired=wired))
    return network, protocol, *dense(network, protocol, parts=8)


@pytest.mark.parametrize("engine", ["reference", "ideal", "layout"])
@pytest.mark.parametrize("seed", range(8))
def test_straight_lines_are_near_the_way_on_random_trials(engine, seed):
    network, protocol, times, walls = dense_plan(seed, engine != "ideal")
    result = sim.run(network, protocol, engine=engine, tolerance=1e-10)
    assert_straight_lines_are_near(result, network, times, walls)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A drawn and extracted network, and its trial."""
    import layouts
    from hwlib.design import Design
    from hwlib.extraction import extract

    design = Design.model_validate({"name": "drawn", "seed": 3, "process": "copper", "network": {"neurons": 4}})
    process = design.load_process()
    file = layouts.write_layout(layouts.hopfield(design, process), tmp_path_factory.mktemp("drawn") / "drawn.gds")
    start = np.array([1, 0, 0, 1])
    return extract(file, process, design), protocol_for(design, process, start=start, levels=weight_levels(design))


@pytest.mark.parametrize("engine", ["reference", "layout"])
def test_straight_lines_are_near_the_way_of_drawn_networks(engine, drawn):
    network, protocol = drawn
    times, walls = dense(network, protocol)
    assert_straight_lines_are_near(sim.run(network, protocol, engine=engine), network, times, walls)


@pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")
def test_straight_lines_are_near_the_time_points_of_ngspice(tmp_path):
    from sim import spice

    network, protocol = paper_case(4, 2.0, 1, load=16e-9)
    deck = spice.write_deck(network, protocol, tmp_path / "bench.cir", duration=40e-9)
    run = spice.run_deck(deck.bench)
    result = spice.read_back(network, protocol, deck, run)
    for d, (i, j) in enumerate(zip(network.post.tolist(), network.pre.tolist(), strict=True)):
        known = np.clip(run.vectors[f"v(xnet.wall_{i}_{j})"], 0, 1)
        seen = walls_at(result, run.time, [d])[:, 0] / network.length[d]
        assert np.abs(seen - known).max() < NEAR


@pytest.mark.parametrize("engine", ["reference", "ideal", "layout"])
def test_events_are_where_they_say(engine):
    """Ends for starts and stops, edges of the pillar for entering and leaving; times increase from begin to end."""
    network, protocol = paper_case(6, 0.0, 3)
    result = sim.run(network, protocol, engine=engine)
    low = network.pillar_centre - network.pillar_width / 2
    seen = set()
    for d, points in enumerate(wall_points(result)):
        length = network.length[d]
        assert np.all(np.diff(points.time) > 0)
        assert points.kind[0] == BEGIN and points.time[0] == 0
        assert points.kind[-1] in (END, STOP) and points.time[-1] == float(result.time_to_solution)
        at_end = np.isin(points.kind, (START, STOP))
        assert np.all(np.isin(points.position[at_end], (0, length)))
        at_edge = np.isin(points.kind, (ENTER, LEAVE))
        edges = np.array([low[d], low[d] + network.pillar_width[d]])
        assert np.all(np.abs(points.position[at_edge][:, None] - edges).min(axis=1, initial=1.0) < 1e-7 * length)
        assert np.all(np.isin(points.kind[np.flatnonzero(at_edge)[:-1] + 1], (LEAVE, ENTER, TURN, BEND, STOP, RELEASE)))
        seen |= set(points.kind.tolist())
    assert {BEGIN, START, STOP, ENTER, LEAVE, END} <= seen


def test_a_soma_that_is_only_loaded_has_the_events_of_a_closed_form():
    """50 µA for 3 ns, then nothing: 53 m/s and the leak; edges at 40 and 60 nm."""
    network, protocol = paper_case(3, 0.0, 1, weight=0.0, v_dw=0.0, load=1e-9, time_limit=0.5e-9)
    result = sim.run(network, replace(protocol, start=np.array([1, 0, 0])), engine="ideal")
    speed = network.mobility[0] * 0.1 / 2000 + 0.2
    points = wall_points(result, [0])[0]
    assert [EVENT_KINDS[kind] for kind in points.kind] == ["begin", "enter", "release", "end"]
    np.testing.assert_allclose(points.time, [0, 40e-9 / speed, 1e-9, 1.5e-9], rtol=1e-9)
    np.testing.assert_allclose(points.position, [0, 40e-9, speed * 1e-9, speed * 1e-9 + 0.2 * 0.5e-9], rtol=1e-8)


@pytest.mark.parametrize("engine", ["reference", "ideal", "layout"])
def test_recording_changes_nothing(engine):
    network, protocol = paper_case(5, 0.0, 2)
    bare, recorded = (sim.run(network, protocol, engine=engine, record=record) for record in (False, True))
    for name in bare.data_vars:
        if name == "kcl_residual":  # looked at as often as samples are taken
            assert recorded[name] < 1e-12
            continue
        np.testing.assert_array_equal(bare[name], recorded[name], err_msg=name)


@pytest.mark.parametrize("engine", ["reference", "ideal", "layout"])
def test_samples_never_hide_the_release(engine):
    """Both ends of every phase are sampled however few there are: currents jump within one rounding of the time."""
    network, protocol = paper_case(6, 0.0, 3)
    full = sim.run(network, protocol, engine=engine, samples=100_000)
    thin = sim.run(network, protocol, engine=engine, samples=20)
    assert len(thin.time) <= 20 < len(full.time)
    for result in (full, thin):
        assert np.all(np.diff(result.time) > 0)
        released = int(np.flatnonzero(result.phase.values == 1)[0])
        load = float(result.time_load)
        assert result.time.values[released - 1] == load
        assert result.time.values[released] == np.nextafter(load, np.inf)
        assert result.time.values[[0, -1]].tolist() == [0, float(result.time_to_solution)]
        np.testing.assert_array_equal(np.abs(result.soma_current[:released]), 0.1 / 2000)
        assert np.all(np.abs(result.soma_current[released]) < 0.9 * 0.1 / 2000)
    assert set(thin.time.values) <= set(full.time.values)
    np.testing.assert_array_equal(full.event_time, thin.event_time)


def test_samples_prefer_what_somas_do():
    network, protocol = paper_case(9, 2.0, 3)
    full, thin = (sim.run(network, protocol, engine="layout", samples=most, tolerance=1e-10) for most in (100_000, 50))
    assert len(full.time) > 100
    somas = [each.time for each in wall_points(full, network.somas)]
    moments = np.unique(np.concatenate(somas))
    gaps = np.abs(thin.time.values[:, None] - moments).min(axis=0)
    step = np.diff(full.time.values)[np.searchsorted(full.time.values[1:-1], moments)]
    assert np.all(gaps <= step)


def test_a_file_is_read_with_plain_xarray(tmp_path):
    network, protocol = paper_case(4, 0.0, 1)
    result = sim.run(network, protocol)
    result.to_netcdf(tmp_path / "result.nc", engine="netcdf4")
    with xr.open_dataset(tmp_path / "result.nc") as read:
        for name in read.variables:
            assert name in ("source", "sink", "neuron") or {"units", "long_name"} <= set(read[name].attrs), name
        assert read.event_device.attrs["instance_dimension"] == "device"
        meanings = read.event_kind.attrs["flag_meanings"].split()
        assert len(meanings) == len(np.atleast_1d(read.event_kind.attrs["flag_values"])) == len(EVENT_KINDS)
        own = read.event_wall[read.event_device == 5]
        at = np.linspace(0, float(read.time_to_solution), 500)
        np.testing.assert_array_equal(np.interp(at, own.event_time, own), walls_at(result, at, [5])[:, 0])
        assert np.all(np.diff(read.event_device) >= 0)


def test_a_recorded_network_of_3600_walls_is_small(tmp_path):
    """Ladders with taps have about as many nodes as a drawn network: 5 for two devices."""
    network, protocol = paper_case(60, 0.05, 1, load=16e-9)
    result = sim.run(network, protocol, engine="layout", tolerance=1e-6)
    assert result.at_rest and network.devices == 3600
    result.to_netcdf(tmp_path / "result.nc", engine="netcdf4")
    assert (tmp_path / "result.nc").stat().st_size < 50e6
    assert len(result.event_time) < 40 * network.devices


def test_walls_at_any_time_for_any_devices():
    network, protocol = paper_case(4, 0.0, 1)
    result = sim.run(network, protocol)
    assert walls_at(result, 1e-9).shape == (16,)
    assert walls_at(result, [[0, 1e-9], [2e-9, 3e-9]], [3, 1]).shape == (2, 2, 2)
    np.testing.assert_array_equal(walls_at(result, [1e-9, 2e-9], [3, 1]), walls_at(result, [1e-9, 2e-9])[:, [3, 1]])
    np.testing.assert_array_equal(walls_at(result, [-1.0, 1.0])[1], result.wall_final)
    assert walls_at(result, [0.0], []).shape == (1, 0)
    with pytest.raises(InputError, match="devices: found 0 to 16, allowed 0 to 15"):
        walls_at(result, 0.0, [0, 16])
    with pytest.raises(InputError, match="record=True"):
        walls_at(sim.run(network, protocol, record=False), 0.0)


def test_a_band_is_that_of_its_walls_at_all_times():
    network, protocol = paper_case(6, 4.0, 3)
    result = sim.run(network, protocol, engine="layout")
    axons = np.flatnonzero((network.pre == 2) & ~network.is_soma)
    time, low, high = wall_band(result, axons)
    at = np.linspace(0, float(result.time_to_solution), 20_000)
    walls = walls_at(result, at, axons)
    for band, known in ((low, walls.min(axis=1)), (high, walls.max(axis=1))):
        assert np.abs(np.interp(at, time, band) - known).max() < 2e-4 * network.length[0]


def test_where_outermost_walls_cross_a_band_has_a_corner():
    """Walls up, down and still cross between their only points: the band is nowhere wider than they are."""
    ways = [(0.0, 1.0), (1.0, 0.0)]
    for still, waist in ((-1.0, (-1.0, 0.5)), (2.0, (0.5, 2.0))):
        crossing = xr.Dataset(
            {"wall_final": ("device", [1.0, 0.0, still]),
             "event_wall": ("event", [*ways[0], *ways[1], still, still]),
             "event_kind": ("event", [BEGIN, END] * 3)},
            coords={"event_device": ("event", [0, 0, 1, 1, 2, 2]), "event_time": ("event", [0.0, 1.0] * 3)},
        )  # fmt: skip
        time, low, high = wall_band(crossing, [0, 1, 2])
        np.testing.assert_allclose(time, [0, 0.5, 1])
        np.testing.assert_allclose([low[1], high[1]], waist)


def test_times_and_walls_that_are_none_are_refused():
    """NaN had walls somewhere; a half device ended in a traceback."""
    design = paper_design(2)
    network = ideal_network(design, process := design.load_process())
    result = sim.run(network, protocol_for(design, process, start=np.array([1, 0])))
    for time in (float("nan"), [0.0, float("nan")], None):
        with pytest.raises(InputError, match=r"^time: NaN, allowed"):
            walls_at(result, time)
    for devices in ([0.5], "x"):
        with pytest.raises(InputError, match=r"^devices: found .* allowed are whole numbers, 0 to 3$"):
            walls_at(result, 0.0, devices)
