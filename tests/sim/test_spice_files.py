"""What decks say, and the one line a user reads when ngspice is missing, old or fails. Needs no ngspice."""

import re

import numpy as np
import pytest

from hwlib.errors import InputError
from hwlib.schematic import ideal_network, ladder_network
from hwlib.weights import weight_levels
from sim import spice
from sim.protocol import protocol_for
from sim.tasks.setup import paper_design


@pytest.fixture
def trial():
    design = paper_design(3)
    process = design.load_process()
    protocol = protocol_for(design, process, start=np.array([1, 0, 1]), levels=weight_levels(design))
    return ladder_network(design, process, 2.0), protocol


def test_every_device_and_wire_is_in_the_network_file(trial, tmp_path):
    network, protocol = trial
    deck = spice.write_deck(network, protocol, tmp_path / "bench.cir")
    text = deck.network.read_text()
    assert len(re.findall(r"^Xaxon_\d_\d ", text, re.M)) == 6
    assert len(re.findall(r"^Xsoma_(\d)_\1 ", text, re.M)) == 3
    assert len(re.findall(r"^R\d+ .* 2$", text, re.M)) == len(network.resistor_ohm) == 12
    assert text.count(".subckt dwmtj_") == 2
    assert not re.findall(r"^X.*=", text, re.M)  # equal devices need no parameters of their own
    bench = deck.bench.read_text()
    assert f".include {deck.network.name}" in bench
    assert str(tmp_path) not in bench + text


def test_only_varied_devices_carry_parameters(trial, tmp_path):
    network, protocol = trial
    r_p = network.r_p.copy()
    r_p[5] *= 1.1
    deck = spice.write_deck(network.with_devices(r_p=r_p), protocol, tmp_path / "bench.cir")
    varied = re.findall(r"^X(\w+) .* r_p=(\S+)$", deck.network.read_text(), re.M)
    assert [(name, float(value)) for name, value in varied] == [("axon_1_2", pytest.approx(550))]


def test_two_decks_of_one_trial_are_equal(trial, tmp_path):
    decks = [spice.write_deck(*trial, tmp_path / folder / "bench.cir") for folder in "ab"]
    assert decks[0].bench.read_bytes() == decks[1].bench.read_bytes()
    assert decks[0].network.read_bytes() == decks[1].network.read_bytes()


def test_a_load_until_rest_needs_its_time(tmp_path):
    design = paper_design(3)
    process = design.load_process()
    network = ideal_network(design, process)
    protocol = protocol_for(design, process, start=np.array([1, 0, 1]), levels=weight_levels(design), load="rest")
    with pytest.raises(InputError, match="load_time"):
        spice.write_deck(network, protocol, tmp_path / "bench.cir")
    for bad in (0.0, -1e-9, np.nan):
        with pytest.raises(InputError, match=r"^spice: load_time"):
            spice.write_deck(network, protocol, tmp_path / "bench.cir", load_time=bad)
    with pytest.raises(InputError, match=r"^spice: duration: -1\.0, must be positive"):
        spice.write_deck(network, protocol, tmp_path / "bench.cir", load_time=1e-9, duration=-1.0)
    assert list(tmp_path.iterdir()) == []


def fake(tmp_path, body):
    program = tmp_path / "fake"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (None, "not found; install ngspice 39"),
        ("echo '** ngspice-31 : x'", "ngspice-31, needs ngspice 39 or newer"),
        ("echo hello", "unknown version, needs ngspice 39"),
        (
            '[ "$1" = --version ] && echo ngspice-42 || echo "doAnalyses: TRAN:  Timestep too small"',
            "ngspice failed: doAnalyses: TRAN: Timestep too small",
        ),
    ],
)
def test_one_line_when_ngspice_cannot(trial, tmp_path, body, message):
    deck = spice.write_deck(*trial, tmp_path / "bench.cir")
    program = fake(tmp_path, body) if body else "no-such-ngspice"
    with pytest.raises(InputError, match=re.escape(message)) as problem:
        spice.run_deck(deck.bench, program=program)
    assert "\n" not in str(problem.value)


def test_a_missing_deck(tmp_path):
    program = fake(tmp_path, "echo ngspice-42")
    with pytest.raises(InputError, match="no such SPICE deck"):
        spice.run_deck(tmp_path / "none.cir", program=program)
