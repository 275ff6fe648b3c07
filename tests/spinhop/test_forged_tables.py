"""Tables of rules and findings that were changed, by one who makes the hashes fit: a contradiction is refused."""

from __future__ import annotations

import json
import math

import pytest

import sim
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.findings import read_findings, write_findings
from hwlib.schematic import ideal_network
from spinhop.run_folder.stored_point import read_point, refuse_contradiction, refuse_other_design
from tests.spinhop.test_kept_files import known

SLOW, WAIVED = "leak.axon_time", "vdw.window"
POINT = {"axon_leak": "-0.001 m/s", "v_dw": "2 V"}
TABLE, FINDINGS = "erc_ideal_table.json", "erc_ideal.json"


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """Table and findings of a check: some rules hold, one is broken, one is waived."""
    design = Design(name="slow", network={"neurons": 3}, operating_point=POINT, waivers={WAIVED: "as wanted"})
    process = design.load_process()
    report = sim.judge(ideal_network(design, process), design, process)
    folder = tmp_path_factory.mktemp("checked")
    write_findings(report.findings(), folder / FINDINGS)
    report.write_json(folder / TABLE)
    return folder


def row(table, name):
    return next(row for row in table["rules"] if row["rule"] == name)


def forget(found, name):
    found[:] = [each for each in found if each["rule"] != name]


def holding(table):
    return next(row for row in table["rules"] if row["status"] == "pass" and row["margin"] is not None)


FORGERIES = {
    "holds, margin as it was": lambda table, found: row(table, SLOW).update(status="pass"),
    "holds": lambda table, found: row(table, SLOW).update(status="pass", margin=0.1),
    "holds, finding gone": lambda table, found: (row(table, SLOW).update(status="pass"), forget(found, SLOW)),
    "is waived": lambda table, found: row(table, SLOW).update(status="waived"),
    "is a warning": lambda table, found: row(table, SLOW).update(status="warning", severity="warning"),
    "is a warning by half": lambda table, found: row(table, SLOW).update(severity="warning"),
    "another status": lambda table, found: row(table, SLOW).update(status="fine"),
    "another number": lambda table, found: row(table, SLOW).update(measured=1e-9),
    "another place": lambda table, found: row(table, SLOW).update(x=1e-6),
    "no limit": lambda table, found: row(table, SLOW).update(required=None),
    "no row": lambda table, found: table["rules"].remove(row(table, SLOW)),
    "twice": lambda table, found: table["rules"].append(row(table, SLOW)),
    "what holds is broken": lambda table, found: holding(table).update(status="error", margin=-1.0),
    "waived holds": lambda table, found: row(table, WAIVED).update(status="pass", margin=0.0),
    "finding is gone": lambda table, found: found.clear(),
    "finding is a warning": lambda table, found: found[0].update(severity="warning"),
    "finding of another rule": lambda table, found: found[0].update(rule="x"),
}  # fmt: skip


@pytest.mark.parametrize("forgery", [None, *FORGERIES])
def test_what_contradicts_itself_is_refused(checked, tmp_path, forgery):
    table, found = (json.loads((checked / name).read_text()) for name in (TABLE, FINDINGS))
    assert {SLOW, WAIVED} <= {each["rule"] for each in found}
    if forgery is not None:
        FORGERIES[forgery](table, found)
    path = tmp_path / TABLE
    path.write_text(json.dumps(table))
    (tmp_path / FINDINGS).write_text(json.dumps(found))

    def read():
        refuse_contradiction(path, read_point(path), read_findings(tmp_path / FINDINGS), FINDINGS)

    if forgery is None:
        read()
    else:
        with pytest.raises(InputError, match=rf"{TABLE}: damaged, or (no table of rules|of another check)"):
            read()


def test_numbers_that_are_not_finite_are_the_same_in_both(checked, tmp_path):
    """JSON of tables has none of them; findings keep them."""
    table, found = (json.loads((checked / name).read_text()) for name in (TABLE, FINDINGS))
    row(table, SLOW)["measured"] = None
    next(each for each in found if each["rule"] == SLOW)["measured"] = math.inf
    (tmp_path / TABLE).write_text(json.dumps(table))
    (tmp_path / FINDINGS).write_text(json.dumps(found))
    path = tmp_path / TABLE
    refuse_contradiction(path, read_point(path), read_findings(tmp_path / FINDINGS), FINDINGS)


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("neurons", {"network": {"neurons": 4}}), ("seed", {"seed": 7}), ("design", {"name": "fast"}),
        ("waivers", {"waivers": {}}),
    ],
)  # fmt: skip
def test_a_table_of_another_design_is_refused(checked, what, change):
    own = {"name": "slow", "network": {"neurons": 3}, "operating_point": POINT, "waivers": {WAIVED: "as wanted"}}
    point = read_point(checked / TABLE)
    refuse_other_design(checked / TABLE, point, Design(**own))
    with pytest.raises(InputError, match=rf"{TABLE}: damaged, or of another design \({what} "):
        refuse_other_design(checked / TABLE, point, Design(**own | change))
    early = {**point, "values": {**point["values"], "design": None, "seed": None}}
    refuse_other_design(checked / TABLE, early, Design(**own))


def test_report_and_check_refuse_it(spinhop, design_file, tmp_path):
    design, run = design_file("name: t\nnetwork: {neurons: 2}\ntask: {trials: 2}\n"), tmp_path / "run"
    assert spinhop("run", design, "--out", run)[0] in (0, 1)
    table = json.loads((run / TABLE).read_text())
    holding(table).update(status="error", margin=-1.0)
    (run / TABLE).write_text(json.dumps(table))
    known(run, TABLE)
    for command in (("report", run), ("check", design, "--out", run)):
        code, _, err = spinhop(*command)
        line = err.splitlines()[-1]
        assert code == 2 and f"{TABLE}: damaged, or of another check than {FINDINGS}" in line and len(line) <= 200
