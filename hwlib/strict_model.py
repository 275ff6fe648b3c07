"""The base of models that are read from files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from hwlib.errors import InputError, shown

if TYPE_CHECKING:  # so that the fields of each model are seen
    from pydantic._internal._model_construction import ModelMetaclass as _OneLineEach
else:

    class _OneLineEach(type(BaseModel)):
        """Says of what a Python caller gives a model wrong what it says of a file: a line per field."""

        def __call__(cls, *given: Any, **fields: Any) -> Any:
            if given:
                raise InputError(f"{cls.__name__}: {shown(given[0])}, fields are given by their names")
            try:
                return super().__call__(**fields)
            except ValidationError as error:
                from hwlib.storage.model_files import refused_arguments

                raise refused_arguments(cls, fields, error) from None


class StrictModel(BaseModel, metaclass=_OneLineEach):
    """Takes no field that it does not have, and does not change once it is made.

    Raises:
        InputError: made of fields that it does not take, one line for each.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
