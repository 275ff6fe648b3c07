"""The one exception for input that cannot be used."""

from __future__ import annotations


class InputError(ValueError):
    """Input a user can mend: its message is one line saying where, what was found and what is allowed.

    The command line prints the message alone and exits with code 2.
    """

    def __init__(self, message: str):
        super().__init__(" ".join(str(message).split()))
