"""Mutation runs: one small change at a time in the sources, and whether a test notices. For ``make mutants``.

mutmut works on a copy of the checkout under ``build/mutants``; nothing else is touched. Run it with the Python that
has mutmut. Properties are rewritten in the copy as plain functions, which mutmut changes too.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from difflib import unified_diff
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "mutants"
ROOMS = ("hwlib", "sim", "layouts", "spinhop")
COPIED = (*ROOMS, "tests", "docs", "pyproject.toml", "README.md", "Makefile")
WORDING = {"message", "formula", "source"}  # names whose values are for reading

# What is changed, and the tests that guard it. Tests that take seconds each are left out where others run the lines.
GROUPS = {
    "sim/protocol.py": [
        "tests/sim/test_protocol.py", "tests/sim/test_refused_protocols.py",
        "tests/sim/test_rest.py::test_a_network_of_s_times_the_resistance_takes_s_times_as_long",
        "tests/sim/test_rest.py::test_a_network_of_b_times_the_voltages_takes_a_bth_of_the_time",
        "tests/sim/test_rest.py::test_each_neuron_rests_by_its_slowest_leak",
    ],
    "sim/static_columns.py": ["tests/sim/test_static_columns.py"],
    "hwlib/operating_point.py": [
        "tests/hwlib/test_operating_point.py", "tests/spinhop/test_quantities_in_python.py",
    ],
    "sim/rules/*.py": [
        "tests/sim/test_rules_by_hand.py", "tests/sim/test_rules_limits.py", "tests/sim/test_rules_window.py",
        "tests/sim/test_rules_loading.py", "tests/sim/test_rules_drawn.py", "tests/sim/test_stored_states.py",
        "tests/sim/test_rules_stress.py", "tests/sim/test_axon_course.py", "tests/sim/test_rule_door.py",
        "tests/sim/test_climbed_states.py",
    ],
    "sim/tasks/*.py": [
        "tests/sim/test_baselines.py", "tests/sim/test_estimate.py", "tests/sim/test_graphs.py",
        "tests/sim/test_images.py", "tests/sim/test_library_graphs.py", "tests/sim/test_maxcut_mapping.py",
        "tests/sim/test_maxcut_network.py", "tests/sim/test_picture_files.py", "tests/sim/test_recall.py",
        "tests/sim/test_rudy.py", "tests/sim/test_scores.py", "tests/sim/test_statistics.py",
        "tests/sim/test_picture_recall.py", "tests/sim/test_restarts.py", "tests/sim/test_task_measures.py",
    ],
    "hwlib/graph_formats/*.py": [
        "tests/sim/test_graph_formats.py", "tests/sim/test_graphs.py", "tests/sim/test_refused_graph_files.py",
    ],
    "hwlib/graph_reader.py": [
        "tests/sim/test_graph_formats.py", "tests/sim/test_graphs.py", "tests/sim/test_refused_graph_files.py",
    ],
    "hwlib/extraction/*.py": [
        "tests/hwlib/test_extraction_fields.py", "tests/hwlib/test_extraction_network.py",
        "tests/hwlib/test_extraction_orientation.py", "tests/hwlib/test_extraction_wires.py",
        "tests/hwlib/test_capacitance.py", "tests/hwlib/test_layout_capacitance.py", "tests/hwlib/test_spef.py",
        "tests/hwlib/test_spef_reader.py", "tests/sim/test_parasitics.py",
        "tests/hwlib/test_drawing.py", "tests/hwlib/test_resistor_networks.py",
        "tests/hwlib/test_window_boundaries.py",
    ],
}  # fmt: skip
NOT_MUTATED = ["sim/tasks/compiled_search.py"]  # compiled by Numba
SLOW = [
    "tests/sim/test_protocol.py::test_importing_sim_is_light",
    "tests/sim/test_rules_limits.py::test_rules_load_no_layout_tools",
    "tests/sim/test_rules_window.py::test_far_axon_stalls_where_the_prototype_found_it",
    "tests/sim/test_rules_loading.py::test_a_start_loads_exactly_when_the_rule_says_so",
    "tests/sim/test_rules_loading.py::test_a_start_that_nobody_loads_is_a_warning",
    "tests/sim/test_rules_loading.py::test_the_start_that_fails_is_named",
    "tests/sim/test_rules_loading.py::test_loads_of_random_designs_last_as_long_as_the_rule_says",
    "tests/sim/test_rules_loading.py::test_starts_of_a_task_load_exactly_when_the_rule_says_so",
    "tests/sim/test_rules_loading.py::test_every_one_of_many_starts_is_judged",
    "tests/sim/test_rules_loading.py::test_a_leak_that_helps_may_be_all_that_loads_a_soma",
    "tests/sim/test_rules_window.py::test_window_closes_at_the_predicted_size",
    "tests/sim/test_stored_states.py::test_one_pattern_comes_back_from_every_start_unless_all_off_holds",
    "tests/sim/test_rules_drawn.py::test_size_where_drawn_networks_fail_is_foretold_by_a_small_one",
    "tests/sim/test_stored_states.py::test_a_state_holds_exactly_when_the_simulated_network_stays_in_it",
    "tests/sim/test_maxcut_network.py::test_ten_cuts_of_the_paper",
    "tests/sim/test_graph_formats.py::test_attributed_formats_are_read_as_networkx_reads_them",
    "tests/hwlib/test_window_boundaries.py::test_metal_that_touches_on_a_boundary_is_one_net[bow_tie",  # meshed
    "tests/sim/test_images.py::test_large_png_is_refused_by_its_header",
]


def copy_tree(tree: Path, only: str, tests: list[str]) -> None:
    """A fresh copy of the checkout with mutmut's settings, properties open to mutation and caches off."""
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name)  # with the times of the files: Numba's compiled code stays good
        else:
            shutil.copy(source, tree / name)
    for path in (tree / only).parent.glob("*.py"):  # its neighbours too: a cache of theirs would hide its mutants
        path.write_text(open_properties(path.read_text(encoding="utf-8")), encoding="utf-8")
    selection = [*tests, *(f"--deselect={name}" for name in SLOW)]
    settings = {
        "source_paths": [str(Path(only).parent) if "*" in only else only],
        "only_mutate": [only], "do_not_mutate": NOT_MUTATED, "also_copy": list(COPIED),
        "pytest_add_cli_args_test_selection": selection,
        "pytest_add_cli_args": ["-p", "no:cacheprovider", "-m", "not slow"], "timeout_multiplier": 3,
    }  # fmt: skip
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    with (tree / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("\n".join(["\n[tool.mutmut]", "use_git_change_detection = false", *lines, ""]))


def open_properties(text: str) -> str:
    """Source in which ``@property def f`` reads ``def f … f = property(f)``: decorated functions are left alone.

    Caches are taken off: they would keep the answers of the clean run that mutmut begins with.
    """
    lines = text.splitlines()
    for node in sorted(ast.walk(ast.parse(text)), key=lambda n: getattr(n, "lineno", 0), reverse=True):
        if isinstance(node, ast.FunctionDef) and len(node.decorator_list) == 1:
            decorator = node.decorator_list[0]
            if isinstance(decorator, ast.Name) and decorator.id in ("property", "cached_property"):
                indent = " " * node.col_offset
                lines.insert(node.end_lineno or 0, f"{indent}{node.name} = {decorator.id}({node.name})")
                del lines[decorator.lineno - 1]
            elif isinstance(decorator, ast.Call) and ast.unparse(decorator.func) in (
                "lru_cache",
                "functools.lru_cache",
            ):
                del lines[decorator.lineno - 1 : decorator.end_lineno]
    return "\n".join(lines) + "\n"


def run_group(only: str, tests: list[str], children: int, sample: int, seed: int) -> list[dict[str, str]]:
    """Every mutant of some modules: its module, name, status and change; a sample of them is tried."""
    tree = BUILD / only.replace("/", "_").replace("*", "all")
    copy_tree(tree, only, tests)
    environment = os.environ | {"NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    make = (
        "from pathlib import Path; from mutmut import __main__ as m; m.set_mutant_under_test('mutant_generation'); "
        "Path('mutants').mkdir(); m.copy_src_dir(); m.copy_also_copy_files(); m.create_mutants(1)"
    )
    subprocess.run([sys.executable, "-c", make], cwd=tree, env=environment, check=True, stdout=subprocess.DEVNULL)
    settings = tree / "pyproject.toml"  # copied once: a second time would take the mutants' place
    settings.write_text(re.sub("(?m)^also_copy = .*", "also_copy = []", settings.read_text(encoding="utf-8")))
    changes = {name: change for module in mutants_of(tree) for name, change in changes_of(tree, module).items()}
    names = sorted(name for name, (_, wording) in changes.items() if not wording)
    chosen = random.Random(seed).sample(names, sample) if 0 < sample < len(names) else names
    print(f"{only}: {len(changes)} changes, {len(names)} of more than wording, {len(chosen)} tried", flush=True)
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(children), *chosen]
    subprocess.run(command, cwd=tree, env=environment, check=True)
    tried = set(chosen)
    return [
        {
            "module": module, "name": name, "diff": changes[name][0],
            "status": "wording" if changes[name][1] else status(code) if name in tried else "not drawn",
        }
        for module, codes in mutants_of(tree).items() for name, code in codes.items()
    ]  # fmt: skip


def mutants_of(tree: Path) -> dict[str, dict[str, int | None]]:
    """pytest's exit code of every mutant by module and name; None: not tried."""
    folder = tree / "mutants"
    return {
        str(path.relative_to(folder))[: -len(".meta")]: json.loads(path.read_text())["exit_code_by_key"]
        for path in sorted(folder.rglob("*.meta"))
    }


def status(code: int | None) -> str:
    """What an exit code means: a time limit or a crash is noticed as well as a failed test."""
    return {0: "survived", 5: "no test", 33: "no test", None: "not drawn", 2: "not drawn"}.get(code, "killed")


def changes_of(tree: Path, module: str) -> dict[str, tuple[str, bool]]:
    """Every mutant of a module: its change as a diff, and whether it changes what is read by people alone."""
    parsed = ast.parse((tree / "mutants" / module).read_text(encoding="utf-8"))
    functions = {node.name: node for node in ast.walk(parsed) if isinstance(node, ast.FunctionDef)}
    found = {}
    for name in mutants_of(tree)[module]:
        mutant = functions[name.rpartition(".")[2]]
        original = functions[mutant.name.rpartition("__mutmut_")[0] + "__mutmut_orig"]
        mutant.name = original.name
        before, after = (ast.unparse(node).splitlines() for node in (original, mutant))
        lines = [line for line in unified_diff(before, after, lineterm="", n=0) if line[:3] not in ("---", "+++")]
        found[name] = ("\n".join(lines), without_wording(original) == without_wording(mutant))
    return found


def without_wording(function: ast.FunctionDef) -> str:
    """A function without its messages: errors' arguments, texts of several words, what stands behind their names."""
    tree = ast.parse(ast.unparse(function))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip("X"):
            node.value = ""
        elif isinstance(node, ast.Call):
            node.keywords = [each for each in node.keywords if each.arg not in WORDING]
            if isinstance(node.func, ast.Name) and node.func.id.endswith("Error"):
                node.args = []
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in WORDING:
            node.value = ast.Constant("")
        elif isinstance(node, ast.JoinedStr):
            node.values = []
    return ast.dump(tree)


def table(rows: list[dict[str, str]]) -> str:
    """Counts per module; changes of wording alone are not tried."""
    lines = ["| module | tried | killed | survived | no test | not drawn | wording |", "|---|---|---|---|---|---|---|"]
    total: Counter[str] = Counter()
    for module in sorted({row["module"] for row in rows}):
        count = Counter(row["status"] for row in rows if row["module"] == module)
        count["tried"] = count["killed"] + count["survived"] + count["no test"]
        total += count
        lines.append(_line(module, count))
    return "\n".join([*lines, _line("all", total)])


def _line(name: str, count: Counter[str]) -> str:
    cells = [count[key] for key in ("tried", "killed", "survived", "no test", "not drawn", "wording")]
    return f"| {name} | " + " | ".join(map(str, cells)) + " |"


def main() -> None:
    """Run the groups asked for; print the table, write it and the survivors under ``build/mutants``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="?", default="", help="a module or pattern, e.g. sim/rules/leaks.py")
    parser.add_argument("--tests", default="", help="test files to run instead, between commas")
    parser.add_argument("--sample", type=int, default=0, help="mutants drawn of each group; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--children", type=int, default=1, help="processes at once")
    options = parser.parse_args()
    rows: list[dict[str, str]] = []
    for group, tests in GROUPS.items():
        only = group if options.only in ("", group) else options.only
        if not any(fnmatch(str(path.relative_to(ROOT)), group) for path in ROOT.glob(only)):
            continue
        chosen = options.tests.split(",") if options.tests else tests
        rows += run_group(only, chosen, options.children, options.sample, options.seed)
    if not rows:
        sys.exit(f"mutants: {options.only}: none of {', '.join(GROUPS)}")
    alive = [f"{r['name']}: {r['status']}\n{r['diff']}\n" for r in rows if r["status"] in ("survived", "no test")]
    (BUILD / "survivors.txt").write_text("\n".join(alive), encoding="utf-8")
    (BUILD / "table.md").write_text(table(rows) + "\n", encoding="utf-8")
    print(table(rows))
    print(f"survivors: {BUILD / 'survivors.txt'}")


if __name__ == "__main__":
    main()
