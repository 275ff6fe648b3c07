"""Design rules: each kind with its check and its lines of KLayout's script, the rules of a process, what runs them.

To add a kind, ``kind.register`` it; to add rules, ``rule.add_source``.
"""

from hwlib.checks.design_rules import one_layer, two_layers, whole_layout

__all__ = ["one_layer", "two_layers", "whole_layout"]  # their kinds are registered
