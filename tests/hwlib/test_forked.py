"""Work in forked processes: results in order, errors as they were raised, no child left behind."""

import multiprocessing
import os
import signal
import time

import pytest

from hwlib.errors import StoppedError
from hwlib.workers import forked
from hwlib.workers.forked import beside, bounded, in_processes


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


def busy(seconds):
    while time.process_time() < seconds:
        pass
    return "done"


def test_a_bounded_child_has_processor_time():
    began = time.process_time()
    with pytest.raises(StoppedError, match="ended with code -"):
        bounded(lambda: busy(60), seconds=1)
    assert bounded(lambda: busy(0.3), seconds=1) == "done" and time.process_time() - began < 5
    assert multiprocessing.active_children() == []


def test_a_bounded_child_that_gets_no_turn_is_not_blamed(monkeypatch):
    """One that sleeps is stopped; one that is ready to work, or paused, as long by the clock is waited for."""
    monkeypatch.setattr(forked, "WAITING", 0.3)
    with pytest.raises(StoppedError, match="asleep for 0 s"):
        bounded(lambda: time.sleep(60), seconds=1)
    assert bounded(lambda: busy(0.8), seconds=2) == "done"

    def paused():
        parent = os.getpid()
        if os.fork() == 0:  # wakes the child that stops itself
            time.sleep(0.8)
            os.kill(parent, signal.SIGCONT)
            os._exit(0)
        os.kill(parent, signal.SIGSTOP)
        return "went on"

    assert bounded(paused, seconds=1) == "went on"
    assert multiprocessing.active_children() == []


def test_a_child_works_beside_the_block_and_ends_with_it():
    here, there = multiprocessing.get_context("fork").Pipe()

    def answered():
        there.send("at work")
        return there.recv()

    with beside(answered, seconds=5) as result:
        assert here.recv() == "at work"
        here.send("and done")
        assert result() == "and done"
    with pytest.raises(KeyError), beside(lambda: time.sleep(60), seconds=100):
        raise KeyError
    assert multiprocessing.active_children() == []
