"""A package of a process for the KLayout application: technology, design rules, a check, and the PDK's cells."""

from layouts.klayout_package.salt import write_package

__all__ = ["write_package"]
