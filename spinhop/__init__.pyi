"""Public names of the user's face; each is loaded when it is first used."""

from . import reproduce as reproduce
from .checking import check_design as check_design
from .design_views import view_design as view_design
from .designs.task_designs import answer as answer
from .designs.task_designs import task_design as task_design
from .plotting import plot_store as plot_store
from .report import write_report as write_report
from .running import run_design as run_design
from .spice_stages import spice_design as spice_design
from .study.characterisation import characterise as characterise
from .study.chip_yield import yield_of as yield_of
from .study.study_store import open_study as open_study
from .study.sweep_runner import sweep as sweep

__version__: str
