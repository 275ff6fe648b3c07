"""Work in threads: results in order, few of them at a time, errors passed on."""

import threading
import time

import pytest

from hwlib.workers.threads import in_threads


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_results_come_in_the_order_of_the_tasks(workers):
    def work(k: int) -> int:
        time.sleep(0.002 * (k % 3))
        return k * k

    assert list(in_threads(work, range(20), workers)) == [k * k for k in range(20)]


def test_no_more_are_begun_than_there_is_use_for():
    begun = []
    for number, _ in enumerate(in_threads(begun.append, range(100), 2)):
        assert len(begun) <= number + 2
    assert len(begun) == 100


def test_they_run_at_the_same_time():
    both = threading.Barrier(2, timeout=20)
    assert len(list(in_threads(lambda _: both.wait(), range(2), 2))) == 2


@pytest.mark.parametrize("workers", [1, 2])
def test_errors_are_passed_on_and_end_the_work(workers):
    begun = []

    def work(k: int) -> None:
        begun.append(k)
        if k == 3:
            raise ValueError("three")

    with pytest.raises(ValueError, match="three"):
        list(in_threads(work, range(100), workers))
    assert len(begun) < 10
