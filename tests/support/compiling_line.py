"""What a command that was the first on a machine says more than others."""

from __future__ import annotations


def without_compiling(err: str) -> str:
    """Standard error without the line that says how long the engine was compiled."""
    return "".join(line for line in err.splitlines(keepends=True) if not line.startswith("compiled the engine, once "))
