"""What the network does: wall dynamics, circuit, engines, tasks, operating-point rules, SPICE decks.

Knows a layout only through ``hwlib.network.Network``; never imports gdsfactory or klayout. The public names
(``__init__.pyi``) load what they need when they are first used. No module is called like one of them.
"""

import lazy_loader

from hwlib.task_registry import register as register_task

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

# The toolkit's own kinds of tasks: one line each, one class each.
register_task("recall", "sim.tasks.recall:Recall")
register_task("images", "sim.tasks.picture_recall:Images")
register_task("maxcut", "sim.tasks.maxcut:Maxcut")
