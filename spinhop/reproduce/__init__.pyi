"""Public names of the reproduction; each is loaded when it is first used."""

from .runner import Reproduction as Reproduction
from .runner import all_tasks as all_tasks
from .runner import reproduce as reproduce
