"""House rules: small modules, short functions, docs that follow the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from spinhop.preset_page import preset_page
from spinhop.schema import reference_page
from spinhop.verdicts.levers import levers_page
from tests.support.fuzzing import TRIES

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("hwlib", "sim", "layouts", "spinhop")
MAX_MODULE, MAX_FUNCTION = 400, 50  # lines; a screen
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
NAMES = [str(path.relative_to(ROOT)) for path in SOURCES]


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_module_is_small(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_MODULE


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_functions_fit_a_screen(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            documented = ast.get_docstring(node) is not None
            first = node.body[1].lineno if documented and len(node.body) > 1 else node.body[0].lineno
            lines = (node.end_lineno or first) - first + 1
            assert lines <= MAX_FUNCTION, f"{node.name} has {lines} lines"


def test_every_test_file_has_a_name_of_its_own():
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert len(names) == len(set(names))


def test_fuzz_tests_try_ten_thousand_times_in_all():
    assert sum(full for _, full in TRIES.values()) >= 10_000
    used = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_fuzz_*.py")]
    assert all(any(f'("{name}")' in text for text in used) for name in TRIES)


def test_every_long_proof_is_run_and_described():
    switches = re.compile(r"environ.*SPINHOP_FULL|fuzzing import .*(fuzz|tries)")
    tests = [path for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__)]
    long = {str(p.relative_to(ROOT)) for p in tests if switches.search(p.read_text(encoding="utf-8"))}
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert set(re.findall(r"tests/\w+/test_\w+\.py", makefile)) == long and len(long) >= 15
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("What `make proof` tries")[1]
    for path in long - {path for path in long if "fuzz" in path or "benchmarks" in path}:
        assert f"`{path.removeprefix('tests/')}`" in page, path


def test_file_format_page_is_what_the_models_say():
    page = (ROOT / "docs" / "file-formats.md").read_text(encoding="utf-8")
    assert page == reference_page(), "run make docs"


def test_process_page_is_what_the_presets_say():
    page = (ROOT / "docs" / "processes.md").read_text(encoding="utf-8")
    assert page == preset_page(), "run make docs"


def test_lever_page_is_what_the_levers_say():
    page = (ROOT / "docs" / "levers.md").read_text(encoding="utf-8")
    assert page == levers_page(), "run make docs"


def test_links_between_pages_lead_somewhere():
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_lock_pins_every_dependency_within_the_project_s_range():
    import tomllib

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    wanted = [
        *project["project"]["dependencies"],
        *(each for name, extra in extras.items() if name not in ("peers", "all", "dev") for each in extra),
        *project["build-system"]["requires"],
    ]
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[^\s/@]+", line) for line in pins), "pins only, no addresses"
    locked = {canonicalize_name(name): version for name, version in (line.split("==") for line in pins)}
    for each in map(Requirement, wanted):
        assert each.specifier and not any(part.operator == "==" for part in each.specifier), "a range, not a pin"
        assert each.specifier.contains(locked[canonicalize_name(each.name)]), each
