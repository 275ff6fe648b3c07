"""Pictures as a task: order and bits of the starts, scores, what foretells failure, by hand on small pictures."""

import numpy as np
import pytest

import sim
from hwlib.design import load_design
from hwlib.errors import InputError
from sim.tasks.kinds import task_of
from sim.tasks.picture_recall import Memory, stored_memories
from sim.tasks.run_task import ideal_for_task

PICTURES = {"a.txt": "##.\n#..\n#..\n", "b.txt": "#..\n##.\n..#\n", "c.txt": "###\n.#.\n.#.\n"}
SHARES, TRIALS = (0.0, 0.25), 2


@pytest.fixture
def made(tmp_path):
    def make(names=("a.txt", "b.txt", "c.txt"), **pictures):
        for name, text in (PICTURES | {f"{k}.txt": v for k, v in pictures.items()}).items():
            (tmp_path / name).write_text(text)
        path = tmp_path / "design.yaml"
        path.write_text(
            f"name: p\nseed: 5\nnetwork: {{weight_style: lines}}\ntask:\n  kind: images\n  pictures: {list(names)}\n"
            f"  distortion: {list(SHARES)}\n  trials: {TRIALS}\n"
        )
        return load_design(path)

    return make


def bits(name):
    return np.array([[c == "#" for c in line] for line in PICTURES[name].split()], int)


def ideal(design):
    process = design.load_process()
    network = ideal_for_task(design, process)
    return network, process, sim.protocol_on(network, design, process)


def test_starts_are_each_picture_by_share_by_trial_and_begin_anew(made):
    design = made()
    starts = sim.starts(design)
    assert starts.shape == (3 * len(SHARES) * TRIALS, 9)
    for k, start in enumerate(starts):
        name, share = list(PICTURES)[k // 4], SHARES[k // 2 % 2]
        assert np.sum(start != bits(name).ravel()) == round(9 * share), k
    assert not np.array_equal(starts[2] != bits("a.txt").ravel(), starts[3] != bits("a.txt").ravel())
    assert np.array_equal(sim.starts(design, 3), starts[:3])
    assert np.array_equal(sim.starts(design, 14), np.concatenate([starts, starts[:2]]))


def test_memories_by_the_divider_of_each_dendrite(made):
    """Ideal wires: ``I = Σ g·W / (R_M·Σ g + 1)`` in the state and its inverse, against the leak's +0.2 m/s."""
    design = made()
    network, _, point = ideal(design)
    stored = np.array([bits(name).ravel() for name in PICTURES])
    spins = 2 * stored - 1
    weights = 0.1 * (spins.T @ spins) * (1 - np.eye(9))
    mobility = network.mobility[0]

    def leaving(states):
        siemens = np.where(states == 1, 1 / 500, 1 / 2000)
        siemens = np.repeat(siemens[:, None, :], 9, axis=1) * (1 - np.eye(9))
        current = (siemens * weights).sum(axis=2) / (2000 * siemens.sum(axis=2) + 1)
        toward = np.where(states == 1, 1, -1)
        return (toward * (mobility * current + 0.2) < 0).sum(axis=1), (toward * current <= 1e-12).sum(axis=1)

    (away, undriven), (inverse, _) = leaving(stored), leaving(1 - stored)
    memories = stored_memories(network, point, stored)
    assert [tuple(memory) for memory in memories] == list(zip(away, inverse, undriven, strict=True))
    assert len(set(memories)) > 1 and away.any() and inverse.any()
    said = task_of(design).foretold(design, network, point)
    assert said == [f"{n}: {m.said(9)}" for n, m in zip(PICTURES, memories, strict=True) if m.said(9)]


def test_scores_and_cases_of_the_trials(made):
    design = made()
    network, process, point = ideal(design)
    result = sim.run_task(network, design, process)
    stored = np.array([bits(name).ravel() for name in PICTURES])
    assert np.array_equal(result.pattern, stored) and np.array_equal(result.start, sim.starts(design))
    mine = np.repeat(stored, 4, axis=0)
    right = np.maximum((result.state == mine).mean("neuron"), (result.state == 1 - mine).mean("neuron"))
    assert np.array_equal(result.accuracy, right)
    assert np.array_equal(result.loaded_pattern, np.repeat([0, 1, 2], 4))
    assert result.distortion.dims == ("trial",) and np.array_equal(result.distortion, np.tile(np.repeat(SHARES, 2), 3))
    assert result.case_picture.values.tolist() == np.repeat(list(PICTURES), 2).tolist()
    memories = stored_memories(network, point, stored)
    for row in range(6):
        case, trials = result.isel(case=row), result.isel(trial=[2 * row, 2 * row + 1])
        memory, at_rest = memories[row // 2], trials.at_rest.values
        assert float(case.case_accuracy_mean) == pytest.approx(float(trials.accuracy.mean()), rel=1e-12)
        assert int(case.case_recalled) == int(((trials.accuracy == 1) & trials.at_rest).sum())
        assert int(case.case_undetermined) == int(trials.undetermined.sum()) and int(case.case_trials) == 2
        assert float(case.case_distortion) == SHARES[row % 2] and int(case.case_flipped) == (0, 2)[row % 2]
        assert int(case.case_on) == stored[row // 2].sum()
        facts = (bool(case.case_rests), bool(case.case_inverse_rests), int(case.case_undriven))
        assert facts == (not memory.leaving, not memory.inverse_leaving, memory.undriven)
        assert str(case.case_taken.values).startswith("characters '#1X@*'")
        mean = trials.time_to_solution.values[at_rest].mean() if at_rest.any() else np.nan
        assert float(case.case_time_mean) == pytest.approx(mean, rel=1e-12, nan_ok=True)
    kinds = {"case_trials": "i", "case_rests": "b", "case_accuracy_mean": "f", "case_picture": "U"}
    assert {name: result[name].dtype.kind for name in kinds} == kinds
    assert (result.case_time_mean.units, result.case_recalled.units) == ("s", "1")

    shown = task_of(design).shown(result, design)
    assert [[picture.title for picture in row] for row in shown] == [
        [f"{name} as stored", f"{share:.0%} distorted".replace("%", " %"), "as it came back"]
        for name in PICTURES for share in SHARES
    ]  # fmt: skip
    first_of_b = shown[3]
    assert np.array_equal(first_of_b[0].cells, bits("b.txt"))
    assert np.array_equal(first_of_b[1].cells, result.start.values[6].reshape(3, 3))
    assert np.array_equal(first_of_b[2].cells, result.state.values[6].reshape(3, 3))
    assert len(task_of(design).shown(result.isel(trial=range(5)), design)) == 3


def test_the_pictures_of_a_design_and_what_is_wrong_with_them(made):
    design = made(("a.txt", "b.txt"))
    assert design.programme.remarks == tuple(
        f"{name}: ON: characters '#1X@*', {bits(name).sum()} of 9 ON" for name in ("a.txt", "b.txt")
    )
    assert design.programme.names == ("a.txt", "b.txt") and design.programme.shape == (3, 3)
    with pytest.raises(InputError, match=r"task\.pictures\.1: .*no such picture file"):
        made(("a.txt", "none.txt"))
    with pytest.raises(InputError, match=r"task\.pictures: .*same\.txt: the same picture as .*a\.txt"):
        made(("a.txt", "same.txt"), same=PICTURES["a.txt"])
    with pytest.raises(InputError, match=r"spaced\.txt:1: blanks among digits"):
        made(("spaced.txt", "a.txt"), spaced="1 0 1\n0 0 1\n1 1 0\n")


def test_what_a_memory_says():
    assert Memory(0, 0, 0).said(9) == ""
    assert Memory(2, 1, 3).said(9, "as drawn").endswith("(as drawn): 2 of 9 neurons leave it, 1 its inverse")
    assert Memory(2, 0, 0).said(9).endswith("its inverse is one")
    assert "3 of 9 neurons are held by nothing but their leak" in Memory(0, 1, 3).said(9)
    assert Memory(0, 4, 0).said(9) == "its inverse is no rest state (ideal wires): 4 of 9 neurons leave it"
