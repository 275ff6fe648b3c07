"""Texts of a form, such as names, which messages tell in words and not as a regular expression."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

from hwlib.errors import shown


@dataclass(frozen=True)
class TextForm:
    """Makes an annotated text one of a form: ``Annotated[str, TextForm("^[01]+$", "digits 0 and 1")]``.

    Attributes:
        pattern: the regular expression, of the whole text.
        words: what it allows, as it follows "allowed:".
    """

    pattern: str
    words: str

    def read(self, value: str) -> str:
        """The text unchanged.

        Raises:
            ValueError: it has another form.
        """
        if not re.fullmatch(self.pattern, value):
            raise ValueError(f"found {shown(value)}, allowed: {self.words}")
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "pattern": self.pattern}


PlainName = Annotated[
    str, TextForm(r"^[A-Za-z][A-Za-z0-9_-]{0,63}$", "a letter, then letters, digits, - and _, 64 in all at most")
]
