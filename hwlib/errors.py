"""The exceptions that commands report, and what makes text from outside fit to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

LONGEST_LINE = 200 - len("spinhop: ")  # which the command line puts before it
MOST_LINES = 20
_LONGEST_VALUE = 40
_SHORTEST_PATH = 50  # characters that are left of it
_LONGEST_CHOICE = 90
Problem = tuple[tuple[str | int, ...], str]  # path of keys and indices, and message


class ReportedError(Exception):
    """What a command reports in lines, without a traceback, and ends with exit code 2.

    One line per error, each of at most ``LONGEST_LINE`` characters without control characters, whatever it quotes.

    Attributes:
        lines: the lines; nearly always one.
    """

    def __init__(self, message: str, *more: str):
        self.lines = tuple(one_line(line) for line in (message, *more))
        super().__init__("\n".join(self.lines))

    def __reduce__(self) -> tuple[Any, ...]:
        """Sent from another process it stays what it is."""
        return type(self), self.lines


class InputError(ReportedError, ValueError):
    """Input a user can mend: its message says where, what was found and what is allowed."""


class StorageError(ReportedError):
    """A file that could not be written for want of room or permission, or not be opened for want of descriptors.

    It is no ``InputError``, for it says nothing of the design for which that was tried: whoever takes errors for a
    verdict on one lets this pass.
    """


class UnbalancedError(ReportedError):
    """A simulation that breaks a law of physics: a fault of the engine or its stored code, not of what it was given."""


class StoppedError(RuntimeError):
    """A process of ours used up the time or memory it was allowed, or was killed."""


class FieldsError(ValueError):
    """What a model's own validator finds, each with its field, so that a file's reader can say the line of each.

    Attributes:
        problems: path of keys and indices, from the model on, and message of each.
    """

    def __init__(self, problems: Sequence[Problem]):
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{'.'.join(map(str, path))}: {message}" for path, message in self.problems))

    def __reduce__(self) -> tuple[Any, ...]:
        """Sent from another process it stays what it is."""
        return type(self), (self.problems,)


def all_of(lines: Sequence[str], where: object) -> InputError:
    """The error of everything that is wrong with one file: at most ``MOST_LINES`` lines, the last for how many more."""
    if len(lines) <= MOST_LINES:
        return InputError(*lines)
    told = lines[: MOST_LINES - 1]
    return InputError(*told, f"{where}: and {len(lines) - len(told)} more")


def one_line(text: str) -> str:
    """Harmless and short: a path at its beginning loses its first folders, a bare name its middle, then the line."""
    line = harmless(" ".join(str(text).split()))
    path, colon, rest = line.partition(":")
    room = max(LONGEST_LINE - len(colon + rest), _SHORTEST_PATH)
    if len(path) > room and "/" in path:
        line = "…" + path[1 - room :] + colon + rest
    elif len(path) > room and " " not in path:
        line = _without_middle(path, room) + colon + rest
    return _without_middle(line, LONGEST_LINE)


def _without_middle(text: str, longest: int) -> str:
    tail = longest // 3
    return text if len(text) <= longest else f"{text[: longest - tail - 1]}…{text[-tail:]}"


def harmless(text: str) -> str:
    """``text`` with everything that is not printable (control characters, half surrogates) written as an escape.

    A terminal would obey escape sequences in a quoted name, and no file or pipe takes half a surrogate pair.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def cut(text: str, longest: int) -> str:
    """``text``, harmless, or its beginning and an ellipsis when that has more than ``longest`` characters."""
    text = harmless(text[: longest + 1])
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _quoted(text: str, longest: int) -> str:
    """``text`` as Python writes it, shortened where it is written: an escape has up to ten characters."""
    kept = min(len(text), longest)
    while True:
        quoted = repr(text[:kept] + "…" * (kept < len(text)))
        if len(quoted) <= longest + len("''"):
            return quoted
        kept -= 1


def suggestion(close: Sequence[str], known: Sequence[str]) -> str:
    """What a message says of an unknown name: the known one that it is close to, or all that there are."""
    return f"did you mean {close[0]!r}?" if close else f"allowed: {cut(', '.join(known) or 'none', _LONGEST_CHOICE)}"


def shown(value: Any, longest: int = _LONGEST_VALUE) -> str:
    """How a message quotes a value from outside: as Python writes it, harmless and short, however large it is."""
    if isinstance(value, str):
        return _quoted(value, longest)
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 128:
        return f"a whole number of {value.bit_length()} bits"
    if isinstance(value, (dict, list, tuple, set, frozenset)):
        return f"{type(value).__name__} of {len(value)}"
    try:
        return cut(repr(value), longest)
    except Exception:  # of an object that cannot tell itself
        return f"a {cut(type(value).__name__, longest)}"
