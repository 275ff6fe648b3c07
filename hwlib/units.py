"""Numbers in design and process files: with a unit (strings such as ``100 nm``, kept as SI floats inside) or without.

In a file every dimensional value carries its unit; in Python code a bare float is SI. The validation context
``{"from_file": True}`` tells the two apart. Every field has a range, so that nothing computed from allowed values
overflows.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import core_schema

from hwlib.errors import shown
from hwlib.quantities import example, human, parse_quantity

NM_PER_M = 1e9
_LONGEST_NUMBER = 30
_PLAIN = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?")


def _no_other_kind(value: Any) -> Any:
    """A number as it is written: pydantic would also read ``"1_0"`` as ten and ``true`` as one."""
    if isinstance(value, str):
        raise ValueError(f"{shown(value)} is not a number but a text{_instead(value)}")
    if isinstance(value, bool):
        raise ValueError(f"{shown(value)} is not a number")
    return value


def _instead(text: str) -> str:
    """What to write in place of a number in quotes, or of a percentage: a ratio."""
    bare = text.strip().removesuffix("%").strip()
    if len(text) > _LONGEST_NUMBER or not _PLAIN.fullmatch(bare):
        return ""
    if "%" in text:
        return f"; a ratio is wanted, write {float(f'{bare}e-2'):.12g}"
    return "; write it without quotes"


Whole = Annotated[int, BeforeValidator(_no_other_kind)]
Real = Annotated[float, BeforeValidator(_no_other_kind)]


@dataclass(frozen=True)
class Quantity:
    """Makes an annotated float a quantity: ``Annotated[float, Quantity("m", 1e-9, 1e-4)]``.

    Attributes:
        unit: the SI unit.
        low, high: the range, both allowed, in the SI unit.
        smallest: least size of a value that is not 0, where the range holds 0.
        words: texts that may stand instead, kept as they are.
    """

    unit: str
    low: float
    high: float
    smallest: float = 0.0
    words: tuple[str, ...] = ()

    def read(self, value: Any, info: ValidationInfo) -> float | str:
        """Value in the SI unit, or one of the words.

        Raises:
            ValueError: no quantity, no unit in a file, or out of range.
        """
        if isinstance(value, str):
            if value in self.words:
                return value
            try:
                number = parse_quantity(value, self.unit)
            except ValueError:
                if not self.words:
                    raise
                raise ValueError(f"{shown(value)} is {self._neither}") from None
        elif isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f"{shown(value)} is {self._neither if self.words else f'not a quantity in {self.unit}'}")
        elif info.context and info.context.get("from_file") and abs(value) < math.inf:
            raise ValueError(f"{shown(value)} has no unit; write for example '{shown(value)} {example(self.unit)}'")
        else:
            number = value if self.low <= value <= self.high else math.nan  # a whole number may be beyond floats
        if not self._allows(number):
            raise ValueError(f"{shown(value)} is outside {self.range}")
        return float(number)

    def _allows(self, number: float) -> bool:
        return self.low <= number <= self.high and (number == 0 or abs(number) >= self.smallest)

    @property
    def range(self) -> str:
        """The range as a person writes it, e.g. ``1 nm to 100 um``."""
        text = f"{human(self.low, self.unit, 4)} to {human(self.high, self.unit, 4)}"
        return f"{text} (0, or at least {human(self.smallest, self.unit, 4)} in size)" if self.smallest else text

    @property
    def _neither(self) -> str:
        return f"neither {', '.join(self.words)} nor a value in {self.unit}"

    def write(self, value: float | str) -> str:
        """The value as a file holds it."""
        return value if isinstance(value, str) else human(value, self.unit)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.with_info_plain_validator_function(
            self.read,
            serialization=core_schema.plain_serializer_function_ser_schema(
                self.write, return_schema=core_schema.str_schema(), when_used="json"
            ),
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        words = {"x-words": list(self.words)} if self.words else {}
        return {
            "type": "string", "x-unit": self.unit, "x-range": self.range, "minimum": self.low, "maximum": self.high,
            "examples": [human(self.high if self.low <= 0 else self.low, self.unit)], **words,
        }  # fmt: skip
