"""Programs that are called: ended when they take too long, and what they say is wrong."""

import re
import sys

import pytest

from hwlib.errors import InputError
from sim.spice.simulator_call import call, reason


def test_a_program_that_does_not_end_is_ended(tmp_path):
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    with pytest.raises(InputError, match=r"^some.cir: ngspice did not end within 0\.2 s$"):
        call(sleep, "some.cir", "ngspice", folder=tmp_path, timeout=0.2)


def test_the_first_line_that_tells_is_the_reason():
    said = "program 3\n\n  all is well\n\x1b[31mError:\x1b[0m   no such   node\nerror again"
    telling, banner = re.compile("error", re.IGNORECASE), re.compile("program")
    assert reason(said, telling) == "Error: no such node"
    assert reason("program 3\nmade by them", telling, banner) == "made by them"
    assert reason("program 3", telling, banner) == reason("", telling) == "no output"
