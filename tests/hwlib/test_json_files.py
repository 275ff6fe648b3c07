"""JSON files of a run folder: of another shape, or made to do harm, they end in one line."""

from __future__ import annotations

import json
import os

import pytest

from hwlib.errors import InputError
from hwlib.findings import Finding, read_findings, write_findings

GOOD = {"check": "drc", "rule": "m1.space", "message": "too near"}


def test_findings_come_back(tmp_path):
    findings = [Finding("drc", "m1.space", "too near", x=1e-6, measured=3.5), Finding("erc", "r", "m", "waived")]
    assert read_findings(write_findings(findings, tmp_path / "a.json")) == findings


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no JSON"), ("{", "no JSON"), ("[" * 100_000, "no JSON"), ("9" * 10_000, "no JSON"),
        ("{}", "content: must be a list"), ("[1]", "0: must be a mapping"),
        (json.dumps([GOOD | {"check": "xyz"}]), "0.check: must be 'drc', 'lvs' or 'erc'"),
        (json.dumps([GOOD, GOOD | {"x": "left"}]), "1.x: must be a number"),
        (json.dumps([GOOD | {"severity": None}]), "0.severity: must be"),
        (json.dumps([{"rule": "a" * 100_000}]), "0.check: missing"),
    ],
)  # fmt: skip
def test_other_contents_are_refused(tmp_path, text, words):
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    with pytest.raises(InputError) as error:
        read_findings(path)
    assert str(error.value).startswith(f"{path}: ") and words in str(error.value) and len(str(error.value)) <= 200


def test_files_of_no_kind(tmp_path):
    with pytest.raises(InputError, match="no such list of findings file"):
        read_findings(tmp_path / "none.json")
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(InputError, match="it is a FIFO"):
        read_findings(tmp_path / "fifo")
