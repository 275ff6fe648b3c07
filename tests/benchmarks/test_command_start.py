"""What a command costs from the shell, in imports of the library that draws: the floor of whatever draws."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

import layouts

pytestmark = pytest.mark.benchmark
EXAMPLE = Path(layouts.__file__).parent / "examples" / "hopfield_8.yaml"


def processor_seconds(*command):
    """Of a command in a process of its own, with those that it starts."""

    def used():
        found = resource.getrusage(resource.RUSAGE_CHILDREN)
        return found.ru_utime + found.ru_stime

    before = used()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return used() - before


def test_checking_eight_neurons_takes_less_than_two_imports_of_gdsfactory(tmp_path):
    """Drawn, checked against rules and netlist, extracted, judged twice, with its page: 1.2 to 1.5 (2.6 s idle)."""
    check = processor_seconds(sys.executable, "-m", "spinhop", "check", EXAMPLE, "--out", tmp_path)
    imported = processor_seconds(sys.executable, "-c", "import gdsfactory")
    print(f"\ncheck of N = 8: {check:.2f} s CPU, importing gdsfactory {imported:.2f} s, ratio {check / imported:.2f}")
    assert check < 2 * imported
