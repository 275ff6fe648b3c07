"""Public names of the simulator; each is loaded when it is first used."""

from . import rules as rules
from . import spice as spice
from . import tasks as tasks
from .chip_sampling import sampled_chip as sampled_chip
from .chip_sampling import sampled_values as sampled_values
from .engines import Options as Options
from .judgement import judge as judge
from .judgement import wire_drops as wire_drops
from .protocol import Protocol as Protocol
from .protocol import protocol_for as protocol_for
from .rules import check_operating_point as check_operating_point
from .rules import operating_point_report as operating_point_report
from .set_point import protocol_on as protocol_on
from .set_point import v_dw_on as v_dw_on
from .simulate import run as run
from .simulate import run_batch as run_batch
from .static import solve_crossbar as solve_crossbar
from .tasks.run_task import first_trial as first_trial
from .tasks.run_task import foretold as foretold
from .tasks.run_task import recall as recall
from .tasks.run_task import run_task as run_task
from .tasks.run_task import starts as starts
from .traces import walls_at as walls_at
