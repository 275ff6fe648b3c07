"""What is wrong with a field, in words of ours: pydantic's are those of a programmer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic_core import ErrorDetails

from hwlib.errors import shown
from hwlib.field_range import BOUNDS, other_bound

MISSING = "missing"
_SCALAR = (str, bool, int, float)


def in_words(problem: ErrorDetails, shape: Any = None, data: Any = None) -> str:
    """The message of one of a ``ValidationError``'s errors, with what was found; arguments as of ``allowed_words``."""
    kind = problem["type"]
    if kind == "value_error":
        return problem["msg"].removeprefix("Value error, ")
    words = allowed_words(problem, shape, data)
    return words if kind == MISSING else f"{words}, found {shown(problem['input'])}"


def allowed_words(problem: ErrorDetails, shape: Any = None, data: Any = None) -> str:
    """What the field takes, or what one of our own validators says.

    Args:
        problem: the error.
        shape: the model, or another type, that was validated: it knows the whole range of which the error has one end.
        data: what was validated, where it says of which kind a model is.
    """
    say = _WORDS.get(problem["type"])
    if say is not None:
        return say(problem.get("ctx", {}) | other_bound(problem, shape, data), problem["input"])
    text = problem["msg"].removeprefix("Value error, ").split(" or instance of ")[0]
    return text.replace("Input should be", "must be")


def _number(limit: Any) -> str:
    return str(limit) if isinstance(limit, int) else f"{limit:.12g}"


def _range(context: dict[str, Any], found: Any) -> str:
    return "must be " + " and ".join(f"{BOUNDS[name]} {_number(context[name])}" for name in BOUNDS if name in context)


def _length(words: str, name: str, of: str) -> Callable[[dict[str, Any], Any], str]:
    def say(context: dict[str, Any], found: Any) -> str:
        if (name, context[name]) == ("min_length", 1):
            return "must not be empty"
        return f"must have {words} {context[name]} {of}"

    return say


def _plain(words: str) -> Callable[[dict[str, Any], Any], str]:
    return lambda context, found: words


def _text(context: dict[str, Any], found: Any) -> str:
    return "must be a text" + ("; write it in quotes" if isinstance(found, _SCALAR) else "")


def _list(context: dict[str, Any], found: Any) -> str:
    return "must be a list" + (", in brackets" if isinstance(found, _SCALAR) else "")


_WHOLE, _REAL, _MAPPING = _plain("must be a whole number"), _plain("must be a number"), _plain("must be a mapping")
_YES_NO = _plain("must be true or false")
_WORDS: dict[str, Callable[[dict[str, Any], Any], str]] = {
    MISSING: _plain(MISSING),
    "extra_forbidden": _plain("unknown key"),
    "greater_than": _range, "greater_than_equal": _range, "less_than": _range, "less_than_equal": _range,
    "finite_number": _plain("must be a finite number"),
    "literal_error": lambda context, found: f"must be {context['expected']}",
    "bool_type": _YES_NO, "bool_parsing": _YES_NO,
    "int_type": _WHOLE, "int_parsing": _WHOLE, "int_from_float": _WHOLE, "int_parsing_size": _WHOLE,
    "float_type": _REAL, "float_parsing": _REAL,
    "string_type": _text,
    "string_too_short": _length("at least", "min_length", "characters"),
    "string_too_long": _length("at most", "max_length", "characters"),
    "string_pattern_mismatch": lambda context, found: f"must be of the form {context['pattern']}",
    "list_type": _list, "tuple_type": _list,
    "too_short": _length("at least", "min_length", "items"),
    "too_long": _length("at most", "max_length", "items"),
    "dict_type": _MAPPING, "model_type": _MAPPING, "model_attributes_type": _MAPPING, "dataclass_type": _MAPPING,
}  # fmt: skip
