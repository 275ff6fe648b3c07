"""JSON files of a run folder that may be damaged, swapped or made to do harm."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from hwlib.errors import InputError, cut, shown
from hwlib.field_words import allowed_words
from hwlib.storage.files import read_text

Shape = TypeVar("Shape")
MAX_BYTES = 256 * 2**20
Finite = Annotated[float, Field(allow_inf_nan=False)]
Size = Annotated[int, Field(ge=2, le=2**20)]  # neurons of a network that need not be one that can be drawn
_PLACE = 60  # characters of the path to a field


class StoredModel(BaseModel):
    """A part of a JSON file of ours: fields of the right kinds, and others that are not looked at."""

    model_config = ConfigDict(strict=True)


class _RepeatedKeyError(ValueError):
    """JSON leaves open which of two values counts."""


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        ((key, _),) = Counter(key for key, _ in pairs).most_common(1)
        raise _RepeatedKeyError(shown(key))
    return found


def plain(value: Any) -> Any:
    """A value as JSON holds it: NumPy's as Python's, and None for a number that is not finite."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_json(path: Path, shape: type[Shape], what: str, largest: int = MAX_BYTES) -> Shape:
    """Read a JSON file of a known shape.

    Args:
        path: the file.
        shape: type of its content, as pydantic takes types: a model, a data class, ``list[…]``.
        what: its kind in messages, e.g. ``"list of findings"``.
        largest: allowed size in bytes.

    Raises:
        InputError: one line with file and field; missing, no regular file, damaged, or of another kind.
    """
    text = read_text(path, what, largest)
    try:
        found: Shape = TypeAdapter(shape).validate_python(json.loads(text, object_pairs_hook=_once_each))
    except ValidationError as error:
        first = error.errors()[0]
        place = cut(".".join(str(part) for part in first["loc"] if part != "[key]"), _PLACE)
        raise InputError(
            f"{path}: damaged, or no {what} ({place or 'content'}: {allowed_words(first, shape)})"
        ) from None
    except _RepeatedKeyError as error:
        raise InputError(f"{path}: damaged, or no {what} (key {error} twice)") from None
    except (ValueError, RecursionError, MemoryError):
        raise InputError(f"{path}: damaged, or no {what} (no JSON)") from None
    return found
