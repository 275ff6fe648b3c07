"""Public names of the user's face; each is loaded when it is first used."""

from . import reproduce as reproduce
from .checking import check_design as check_design
from .report import write_report as write_report
from .running import run_design as run_design
from .spice_stages import spice_design as spice_design
from .task_designs import answer as answer
from .task_designs import task_design as task_design

__version__: str
