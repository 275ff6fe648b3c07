"""Runs of designs that break different rules: every command, page and file says the same, and what the trials show."""

import html
import json
import os
import re
from pathlib import Path

import pytest
import xarray as xr

from hwlib import quantities

FULL = bool(os.environ.get("SPINHOP_FULL"))
EXAMPLES = Path(__file__).parents[2] / "layouts" / "examples"
TINY = "network: {neurons: 3, weight_style: lines, weights: {patterns: ['101']}}\ntask: {trials: 3}\n"
SIX = "network: {neurons: 6, weights: {random_patterns: 2}}\ntask: {trials: 3}\n"
# By name: the design; verdict on the function, on the limits, rules that must be among those broken or waived.
DESIGNS = {
    "kept": (TINY, "works", "kept", set()),
    "slow": (TINY + "operating_point: {axon_leak: -1 mm/s}\n", "does not work", "broken", {"leak.axon_time"}),
    "short_load": (TINY + "operating_point: {load: 0.01 ns}\n", "works", "broken", {"load.time"}),
    "many_patterns": (
        "network: {neurons: 5, weight_style: lines, weights: {patterns: ['10101', '11000', '01110', '10011']}}\n"
        "task: {trials: 6}\n", "does not work", "broken", {"drive.pattern"},
    ),
    "overlap": (
        "network: {neurons: 7, weights: {patterns: ['1100101', '1100100', '1100111']}}\n"
        "task: {starts: ['1100101', '0011010']}\n", "works", "broken", {"drive.pattern"},
    ),
    "waived": ("network: {neurons: 3}\ntask: {trials: 3}\nwaivers: {current.m1: short}\n", "works", "waived",
               {"current.m1"}),
    "waived_warnings": (TINY + "waivers: {state.inverse: known, vdw.eq4: known}\n", "works", "kept",
                        {"state.inverse", "vdw.eq4"}),
    "waived_all_the_same": (
        TINY + "operating_point: {axon_leak: -1 mm/s}\nwaivers: {vdw.window: known, leak.axon_time: known,"
        " leak.axon_size: known, load.time: known, drive.pattern: known}\n",
        "does not work", "waived", {"leak.axon_time"},
    ),
    "floating": (SIX, "does not work", "broken", {"drive.pattern"}),
    "grounded": (SIX + "operating_point: {rails_while_loading: grounded}\n", "does not work", "broken",
                 {"drive.pattern"}),
    "outside": (TINY + "operating_point: {v_dw: 60 mV}\n", "works", "broken", {"vdw.window"}),
    "equation": (TINY + "operating_point: {v_dw: eq4}\n", "works", "broken", {"vdw.eq4"}),
    "wires": (
        "network: {neurons: 12, dendrite_width: 40 nm, drive_width: 40 nm}\n"
        "task: {trials: 3, time_limit: 300 ns}\n", "", "broken", {"current.m2"},
    ),
    "breakdown": (TINY + "device: {breakdown_voltage: 0.05 V}\n", "works", "broken", {"barrier.voltage"}),
    "wrong_sign": (
        "network: {neurons: 5, weight_style: lines, weights: {patterns: ['11100']}}\ntask: {trials: 6}\n"
        "operating_point: {soma_leak: -0.2 m/s}\n", "does not work", "broken", {"state.all_off"},
    ),
    "matrix": ("network: {neurons: 3, weight_style: lines, weights: {matrix: [[0, 1, 1], [1, 0, 1], [1, 1, 0]]}}\n",
               "comes to rest", "kept", set()),
}  # fmt: skip
ALWAYS = ("waived_all_the_same",)  # test_verdict has one that breaks limits


def said_everywhere(spinhop, design, folder):
    """What a run says, after everything else that says it was compared; returns (exit code, data, findings)."""
    code, printed, err = spinhop("run", design, "--out", folder)
    assert code in (0, 1), err
    data = json.loads(spinhop("run", design, "--out", folder, "--json")[1])
    checked, check_printed, _ = spinhop("check", design, "--out", folder)
    check = json.loads(spinhop("check", design, "--out", folder, "--json")[1])
    report = json.loads(spinhop("report", folder, "--json")[1])
    lines = [data[name]["text"] for name in ("function", "limits")]
    assert printed.splitlines()[-3:] == [*lines, f"next: {data['next']['text']}"]
    assert check_printed.splitlines()[-2:] == [lines[1], f"next: {check['next']['text']}"]
    assert report["next"] == data["next"]
    assert all(report[name] == data[name] for name in ("function", "limits")) and check["limits"] == data["limits"]
    assert code == int(checked == 1 or data["function"]["verdict"] == "does not work")
    plain = {
        name: data["text"].replace("`", "") for name, data in (("report", data["next"]), ("checks", check["next"]))
    }
    pages = {name: html.unescape((folder / name).read_text()) for name in ("report.html", "checks.html")}
    assert all(line in pages["report.html"] for line in lines) and lines[1] in pages["checks.html"]
    for name, said in plain.items():
        assert said in re.sub("</?code>", "", pages[f"{name}.html"])
    texts = [re.sub(r"\s+", " ", text) for text in (printed, check_printed, *pages.values())]
    for kind, outcome in data["outcome"].items():
        values = check["operating_point"][f"erc_{kind}"]["values"]
        voltage = values["v_dw"], values["v_dw_origin"]
        assert (outcome["v_dw"], outcome["v_dw_origin"]) == voltage
        assert all(f"{quantities.printed(voltage[0], 'V')}, {voltage[1]}" in text for text in texts)
        for path in (folder / f"{kind}.nc", folder / f"recall_{kind}.nc"):
            if path.exists():
                with xr.open_dataset(path, engine="netcdf4") as result:
                    assert (float(result.v_dw), result.attrs["v_dw_origin"]) == voltage
    if "recalled" in data["outcome"]["drawn"]:
        recalled, recall_printed, _ = spinhop("recall", design, "--out", folder)
        recall = json.loads(spinhop("recall", design, "--out", folder, "--json")[1])
        assert recall_printed.splitlines()[-2] == lines[0]
        assert recall["function"] == data["function"] and recall["outcome"] == data["outcome"]
        assert recalled == int(data["function"]["verdict"] == "does not work")
    return code, data, check


def follows_from_the_files(folder, data, check):
    """The two words once more from the netCDF and the findings, and the numbers that they come with."""
    findings = [finding for found in check["findings"].values() for finding in found]
    rows = [row for point in check["operating_point"].values() for row in point["rules"]]
    severities = {row["severity"] for row in rows if row["status"] == "waived"}
    broken = any(finding["severity"] == "error" for finding in findings)
    assert data["limits"]["verdict"] == ("broken" if broken else "waived" if "error" in severities else "kept")
    place = check["operating_point"][data["limits"]["check"]]["rules"]
    worst = next(row for row in place if row["rule"] == data["limits"]["rule"])
    assert worst["margin"] == data["limits"]["margin"] and worst["severity"] == "error"
    rivals = [row for row in place if row["status"] == worst["status"] and row["severity"] == "error"]
    assert worst["margin"] is None or worst["margin"] == min(r["margin"] for r in rivals if r["margin"] is not None)
    path = folder / "recall_drawn.nc"
    if path.exists():
        with xr.open_dataset(path, engine="netcdf4") as result:
            assert not result.undetermined.any()
            works = bool(result.at_rest.all()) and float(result.accuracy.mean()) >= 0.95
            assert data["function"]["verdict"] == ("works" if works else "does not work")
            outcome = data["outcome"]["drawn"]
            assert outcome["recalled"] == int(((result.accuracy == 1) & result.at_rest).sum())
            assert outcome["accuracy_mean"] == float(result.accuracy.mean())


@pytest.mark.parametrize("name", list(DESIGNS) if FULL else ALWAYS)
def test_one_verdict_on_designs_that_break_rules(spinhop, tmp_path, name):
    text, function, limits, rules = DESIGNS[name]
    design = tmp_path / "design.yaml"
    design.write_text(f"name: {name}\n{text}")
    code, data, check = said_everywhere(spinhop, design, tmp_path / "run")
    follows_from_the_files(tmp_path / "run", data, check)
    assert function in ("", data["function"]["verdict"]) and data["limits"]["verdict"] == limits
    found = [f for findings in check["findings"].values() for f in findings]
    assert rules <= {f["rule"] for f in found if f["severity"] in ("error", "waived")}
    assert code == int("does not" in data["function"]["verdict"] or limits == "broken")


@pytest.mark.skipif(not FULL, reason="one with all limits kept is in test_runs_end_to_end")
@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=str)
def test_examples_work_and_break_nothing(spinhop, tmp_path, path):
    code, data, check = said_everywhere(spinhop, path, tmp_path / "run")
    follows_from_the_files(tmp_path / "run", data, check)
    assert code == 0 and data["function"]["verdict"] == "works"
    assert data["limits"]["verdict"] == "kept" or "60" not in path.stem
