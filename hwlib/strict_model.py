"""The base of models that are read from files."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class StrictModel(BaseModel):
    """Takes no field that it does not have, and does not change once it is made."""

    model_config = ConfigDict(extra="forbid", frozen=True)
