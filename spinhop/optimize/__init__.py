"""Search for designs that work as drawn: Optuna proposes, rules and the simulation of the drawn network judge."""

from spinhop.optimize.optimizer import Search, optimize

__all__ = ["Search", "optimize"]
