"""Quantities: text with units in files, SI floats in code."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from hwlib.units import Length, Resistance, parse_quantity


class _Wire(BaseModel):
    width: Length
    resistance: Resistance = 1.0


FILE = {"from_file": True}


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("100 nm", "m", 1e-7), ("0.1um", "m", 1e-7), ("1e-7 m", "m", 1e-7), ("2 ns", "s", 2e-9),
        ("-5 m/s", "m/s", -5.0), ("5 nm/ns", "m/s", 5.0), ("0.5 ohm*um^2", "ohm*m^2", 5e-13), ("100 mV", "V", 0.1),
        ("1 kohm", "ohm", 1e3), ("1e12 A/m^2", "A/m^2", 1e12), ("1 mA/um^2", "A/m^2", 1e9), ("50 nm^2", "m^2", 5e-17),
    ],
)  # fmt: skip
def test_parse(text, unit, value):
    assert parse_quantity(text, unit) == pytest.approx(value, rel=1e-12, abs=0)


@pytest.mark.parametrize(
    "text", ["100", "", "nm", "100 V", "100 nmm", "1 2 nm", "nan", "inf", "__import__('os')", "1 degC", "100 nm; 1"]
)
def test_parse_refuses_what_is_no_length(text):
    with pytest.raises(ValidationError) as caught:
        _Wire.model_validate({"width": text}, context=FILE)
    assert len(caught.value.errors()) == 1


@pytest.mark.parametrize("text", ["nan nm", "inf nm", "-inf m"])
def test_not_finite_is_refused(text):
    with pytest.raises(ValidationError, match="not a quantity"):
        _Wire.model_validate({"width": text}, context=FILE)


@pytest.mark.parametrize("value", [5e-8, 100, True, None, [1], {"a": 1}])
def test_bare_values_in_a_file_are_refused(value):
    with pytest.raises(ValidationError):
        _Wire.model_validate({"width": value}, context=FILE)


def test_bare_float_in_code_is_si_and_text_works_too():
    assert _Wire(width=5e-8).width == 5e-8
    assert _Wire(width="50 nm").width == pytest.approx(5e-8)  # type: ignore[arg-type]
    with pytest.raises(ValidationError):
        _Wire(width=True)
    with pytest.raises(ValidationError):
        _Wire(width=float("nan"))


def test_the_message_says_what_to_write():
    with pytest.raises(ValidationError, match="has no unit; write for example '100 nm'"):
        _Wire.model_validate({"width": "100"}, context=FILE)


@given(st.floats(1e-12, 1e3))
def test_what_is_written_reads_back(value):
    dumped = json.loads(_Wire(width=value).model_dump_json())
    assert _Wire.model_validate(dumped, context=FILE).width == pytest.approx(value, rel=1e-11, abs=0)
