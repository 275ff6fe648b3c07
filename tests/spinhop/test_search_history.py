"""What a search proposes and keeps, without drawing anything: its front, its constraints, the seeds of its batches."""

from __future__ import annotations

import json

import pytest

from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.sections.search_fields import SearchFields
from spinhop.optimize.search_history import SearchHistory
from spinhop.optimize.search_space import axes_of
from spinhop.optimize.trial_evaluation import STAGES, Judged

AXES = {"operating_point.weight": ("10 mV", "1 V")}


def history(objectives=("time", "energy"), seed=1):
    design = Design(name="kept", network={"neurons": 4}, search=SearchFields(axes=AXES, objectives=objectives))
    return SearchHistory(design, axes_of(design, "kept.yaml"), seed, "key")


def result(holds=True, **values):
    return Judged(violations=[0.0] * (len(STAGES) - 1) + [0.0 if holds else 0.5], values=values)


def told(kept, results):
    kept.propose(len(results))
    kept.tell(results)
    return [trial.number for trial in kept.front()]


def test_the_front_by_hand():
    """Beaten in both (2), broken though best (3), equal to an earlier one (4), best in one alone (0, 1, 5)."""
    points = [(3.0, 1.0), (1.0, 3.0), (3.0, 3.0), (0.5, 0.5), (3.0, 1.0), (2.0, 2.0)]
    results = [result(k != 3, time=time, energy=energy) for k, (time, energy) in enumerate(points)]
    assert told(history(), results) == [0, 1, 5]


def test_accuracy_is_made_large():
    results = [result(time=1.0, accuracy=0.9), result(time=1.0, accuracy=0.95), result(time=2.0, accuracy=0.92)]
    assert told(history(("time", "accuracy")), results) == [1]


def test_batches_propose_anew():
    """Before there is a model proposals are drawn at random: with one seed all batches would be the first again."""
    kept, seen = history(), []
    for _ in range(3):
        proposed = kept.propose(4)
        kept.tell([result(time=1.0, energy=1.0)] * 4)
        seen += [values["operating_point.weight"] for values in proposed]
    assert len(set(seen)) == 12
    again = history()
    assert [again.propose(4)[k]["operating_point.weight"] for k in range(4)] == seen[:4]
    other = [values["operating_point.weight"] for values in history(seed=2).propose(4)]
    assert other[0] == seen[0] and not set(other[1:]) & set(seen)  # the first is the design as it stands


@pytest.mark.parametrize("reloaded", [False, True])
def test_proposals_keep_to_what_holds(reloaded, tmp_path):
    """Time falls with the weight, and above 0.1 V nothing holds: constraints alone say so. Also of stored trials."""
    kept = history(("time",))
    proposed = kept.propose(40)
    weights = [values["operating_point.weight"] for values in proposed]
    kept.tell([result(w < 0.1, time=1 / w) for w in weights])
    if reloaded:
        kept.save(tmp_path)
        kept = history(("time",))
        kept.load(tmp_path)
    assert min(weights) < 0.1 < max(weights)
    more = [values["operating_point.weight"] for values in kept.propose(8)]
    assert sum(w < 0.13 for w in more) >= 6, more


def test_a_stored_trial_that_holds_has_its_objectives(tmp_path):
    kept = history()
    told(kept, [result(time=1.0, energy=1.0), result(False), result(time=1.0)])
    kept.save(tmp_path)
    with pytest.raises(InputError, match=r"trials\.json: damaged, or no trials of a search"):
        history().load(tmp_path)


def _other_weight(trial):
    trial["proposed"]["operating_point.weight"] *= 1.01


def _other_time(trial):
    trial["judged"]["values"]["time"] /= 2


@pytest.mark.parametrize("change", [_other_weight, _other_time])
def test_a_stored_trial_changed_by_hand_is_refused(change, tmp_path):
    """Another value of its axis, or a better result, was taken: the front named a design that nobody had tried."""
    kept = history()
    told(kept, [result(time=1.0, energy=1.0)] * 3)
    kept.save(tmp_path)
    again = history()
    again.load(tmp_path)
    assert again.trials == kept.trials
    stored = json.loads((tmp_path / "trials.json").read_text())
    change(stored["trials"][1])
    (tmp_path / "trials.json").write_text(json.dumps(stored))
    with pytest.raises(InputError, match=r"trials\.json: damaged, .*\(.*trials\.1: not what the search wrote"):
        history().load(tmp_path)
