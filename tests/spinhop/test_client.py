"""Studies on a Dask client that is there already."""

from __future__ import annotations

from distributed import Client

import spinhop
from spinhop.study.point_evaluation import PointEvaluator, PointResult
from spinhop.study.study_fields import StudyFields

DESIGN = "name: small\nnetwork: {neurons: 3}\nvariation: {spreads: {leak: {sigma: 0.1}}}\n"


def test_sweep_and_yield_use_it_and_leave_it_open(tmp_path, monkeypatch):
    computed = []

    def evaluate(self, values):
        from distributed import get_worker

        computed.append(get_worker().name)  # raises where no worker computes
        numbers = {"works": 1.0, "rules_broken": 0.0, "echo": float(values.get("seed", 0))}
        return PointResult(numbers, dict.fromkeys(numbers, ("1", "x")))

    monkeypatch.setattr(PointEvaluator, "evaluate", evaluate)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(DESIGN)
    study = StudyFields(name="some", design="small.yaml", axes={"seed": [1, 2, 3]})
    with Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None) as client:
        found = spinhop.sweep(study, client=client)
        assert (found.points, found.refused, len(computed)) == (3, 0, 3)
        chips = spinhop.yield_of("small.yaml", wires="ideal", chips=16, precision=0.5, client=client)
        assert chips.works.good == 16 and len(computed) == 19 and client.status == "running"
    assert spinhop.open_study(found.folder)["echo"].values.tolist() == [1, 2, 3]
