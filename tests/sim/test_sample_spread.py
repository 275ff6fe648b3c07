"""Samples of a long trial are spread over all of it, whether its steps have events or not."""

import numpy as np
import pytest

from sim.recorder import Recorder


class SteadyStore:
    """Stands for an ``EventStore`` in which the only wall has an event at every so many-th step."""

    def __init__(self, every: int):
        self.count, self._steps, self._every = 0, 0, every

    def begin(self, *_args, **_kwargs) -> None:
        """Nothing is kept."""

    def step(self, *_args) -> None:
        self._steps += 1
        self.count += self._steps % self._every == 0

    def walls_since(self, count: int) -> np.ndarray:
        return np.zeros(self.count - count, int)


@pytest.mark.parametrize("every", [1, 3, 10**6])
def test_no_gap_is_much_longer_than_another(every):
    """With events at every step the first gap was two fifths of the trial."""
    steps, most, none = 10_000, 50, np.zeros(1)
    recorder = Recorder(SteadyStore(every), np.array([True]), most)  # type: ignore[arg-type]
    recorder.begin(1, 0.0, none, none, tuple)
    for k in range(steps):
        recorder.step(k + 1.0, none, none, tuple)
    recorder.end_phase(float(steps), tuple)
    time = recorder.samples()[0]
    assert most / 3 < len(time) <= most
    assert time[0] == 0 and time[-1] == steps
    assert np.diff(time).max() < 4 * steps / most
