"""Words of a SPEF file, each with its line and without comments, and what the format asks of them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from hwlib.errors import InputError, shown

LONGEST_LINE = 4096
_LONGEST_NUMBER = 40
_WORD = re.compile(r'//.*|/\*|"[^"]*"|(?:\\.|[^\s"\\/]|/(?!/))+|\S')
_SIGNS = re.compile(r'[/"\\]')
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NAME = re.compile(r"(?:\\[!-~]|[A-Za-z0-9_\[\]<>{}()./:|])+")
_ESCAPE = re.compile(r"\\(.)")


class SpefWords:
    """The words of a file, one after the other.

    Attributes:
        path: for messages.
        line: of the word that was taken last.
    """

    def __init__(self, path: str, text: str):
        self.path, self.line = path, 1
        self._words = self._split(text)
        self._ahead = next(self._words, ("", 1))

    def peek(self) -> str:
        """The next word; empty at the end."""
        return self._ahead[0]

    def take(self, wanted: str) -> str:
        """The next word, taken.

        Raises:
            InputError: the file has ended, where ``wanted`` was to come.
        """
        word, line = self._ahead
        if not word:
            raise self.refuse(f"the file ends where {wanted} was to come; cut off?")
        self.line = line
        self._ahead = next(self._words, ("", line))
        return word

    def number(self, where: str) -> float:
        """A finite number; of three joined by colons (best, typical, worst) the typical one.

        Raises:
            InputError: another word, or a number beyond floating point.
        """
        word = self.take(f"a number of {where}")
        parts = word.split(":") if ":" in word else [word]
        if len(parts) not in (1, 3) or not all(map(is_number, parts)):
            raise self.refuse(f"{where}: found {shown(word)}, allowed a number")
        value = float(parts[len(parts) // 2])
        if not math.isfinite(value):
            raise self.refuse(f"{where}: found {shown(word)}, allowed a finite number")
        return value

    def quoted(self, where: str) -> str:
        """A text in quotes, without them."""
        word = self.take(f"the text of {where}")
        if not word.startswith('"') or len(word) < 2:
            raise self.refuse(f"{where}: found {shown(word)}, allowed a text in quotes")
        return word[1:-1]

    def unescaped(self, word: str) -> str:
        """A name without its escapes."""
        if not _NAME.fullmatch(word):
            raise self.refuse(f"found {shown(word)}, allowed a name, what is no letter, digit or _ escaped with \\")
        return _ESCAPE.sub(r"\1", word) if "\\" in word else word

    def refuse(self, what: str, line: int | None = None) -> InputError:
        """The error that names a line; by default that of the last word."""
        return InputError(f"{self.path}:{line or self.line}: {what}")

    def refuse_next(self, allowed: str) -> InputError:
        """The error of a next word that is not allowed."""
        word, line = self._ahead
        return self.refuse(f"found {shown(word)}, allowed {allowed}", line)

    def _split(self, text: str) -> Iterator[tuple[str, int]]:
        comment = 0  # line where one began that goes over lines
        for number, line in enumerate(text.split("\n"), start=1):
            if len(line) > LONGEST_LINE:
                raise self.refuse(f"a line of {len(line)} characters, allowed {LONGEST_LINE}", number)
            if not comment and not _SIGNS.search(line):  # most lines
                for word in line.split():
                    yield word, number
                continue
            start = 0
            while True:
                if comment:
                    end = line.find("*/", start)
                    if end < 0:
                        break
                    comment, start = 0, end + 2
                match = _WORD.search(line, start)
                if match is None or match[0].startswith("//"):
                    break
                start = match.end()
                if match[0] == "/*":
                    comment = number
                else:
                    yield match[0], number
        if comment:
            raise self.refuse("a comment that never ends", comment)


def is_number(word: str) -> bool:
    """Whether a word is a number as the standard writes one."""
    return len(word) <= _LONGEST_NUMBER and _NUMBER.fullmatch(word) is not None


def last_separator(word: str, sign: str) -> int:
    """Place of the last separator in a name that is not escaped; −1: none."""
    place = word.rfind(sign)
    while place > 0 and (place - len(word[:place].rstrip("\\"))) % 2:
        place = word.rfind(sign, 0, place)
    return place
