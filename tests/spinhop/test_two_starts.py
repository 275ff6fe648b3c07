"""Two starts at once of a command that makes a file: neither sees the other's when it looks; one is refused."""

import pytest

NEVER_LOOKS = (
    "hwlib.storage.writing", "spinhop.designs.starter", "spinhop.designs.example_designs",
    "spinhop.designs.derived_design",
)  # fmt: skip
DESIGN = "name: d\nprocess: copper\nnetwork: {neurons: 3, weight_style: lines}\n"
COMMANDS = {
    "new": ("mine.yaml",), "drc-script": ("ebeam", "-o", "mine"), "lvs-script": ("ebeam", "-o", "mine"),
    "schema": ("-o", "mine"), "examples": ("copy", "maxcut_8", "-o", "."), "train": ("d.yaml", "--rules-only"),
    "order": ("d.yaml", "--tries", "0", "--rules-only"), "compensate": ("d.yaml", "--rules-only"),
}  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_another_start_makes_meanwhile_stays(spinhop, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    for module in NEVER_LOOKS:
        monkeypatch.setattr(f"{module}.refuse_existing", lambda *_: None)
    (tmp_path / "d.yaml").write_text(DESIGN)
    assert spinhop(command, *COMMANDS[command])[0] in (0, 1)
    made = {path: path.stat().st_ino for path in tmp_path.iterdir()}
    assert len(made) > 1
    code, _, err = spinhop(command, *COMMANDS[command])
    assert code == 2 and err.splitlines()[-1].endswith("exists already; choose another name or give --force")
    assert {path: path.stat().st_ino for path in tmp_path.iterdir()} == made
