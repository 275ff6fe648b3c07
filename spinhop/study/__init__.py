"""Studies: a design's task at many points of its fields, as one Zarr store that a stopped study goes on from."""

from spinhop.study.chip_yield import ChipYield, yield_of
from spinhop.study.study_store import open_study
from spinhop.study.sweep_runner import Sweep, sweep

__all__ = ["ChipYield", "Sweep", "open_study", "sweep", "yield_of"]
