"""What can be added by name: one table for each kind of thing."""

from __future__ import annotations

from typing import TypeVar

Entry = TypeVar("Entry")


class Registry(dict[str, Entry]):
    """Things by name, in the order in which they were added.

    Args:
        what: one of them is called in a message.
    """

    def __init__(self, what: str):
        super().__init__()
        self._what = what

    def add(self, name: str, entry: Entry) -> Entry:
        """Add one.

        Raises:
            ValueError: its name is taken.
        """
        if name in self:
            raise ValueError(f"there is a {self._what} {name} already")
        self[name] = entry
        return entry
