"""Work in forked processes: results in order, errors as they were raised, no child left behind."""

import multiprocessing
import os
import signal

import pytest

from hwlib.forked import in_processes


def square(value):
    if value == 3:
        raise ValueError("three")
    if value == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return value * value, os.getpid()


@pytest.mark.parametrize("workers", [1, 2, 3, 9])
def test_results_come_in_order_from_that_many_processes(workers):
    results, pids = zip(*in_processes(square, [7, 5, 6, 9, 8], workers), strict=True)
    assert results == (49, 25, 36, 81, 64)
    assert (set(pids) == {os.getpid()}) == (workers == 1)
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_child_raises_is_raised_here(workers):
    with pytest.raises(ValueError, match="three"):
        list(in_processes(square, [1, 2, 3, 5, 6], workers))
    assert multiprocessing.active_children() == []


def test_a_killed_child_is_reported():
    with pytest.raises(RuntimeError, match="ended with code -9"):
        list(in_processes(square, [1, 4, 5], 2))
    assert multiprocessing.active_children() == []
