"""Quantities: text with units in files, SI floats in code."""

from __future__ import annotations

import json
import math
import random
import time
from fractions import Fraction
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from hwlib.quantities import USUAL, human, in_percent, parse_number, parse_quantity, parse_si, printed, printed_span
from hwlib.units import Quantity


class _Wire(BaseModel):
    width: Annotated[float, Quantity("m", 1e-12, 1e3)]
    leak: Annotated[float, Quantity("m/s", -1e4, 1e4, smallest=1e-6)] = 0.0
    load: Annotated[float | str, Quantity("s", 1e-12, 1, words=("rest",))] = "rest"


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
    ("unit", "written", "power"),
    [
        ("m", "um", -6), ("m", "nm", -9), ("m", "cm", -2), ("ohm*m^2", "ohm*um^2", -12), ("V", "mV", -3),
        ("ohm", "Mohm", 6), ("A/m^2", "mA/um^2", 9), ("F", "fF", -15),
    ],
)  # fmt: skip
def test_values_are_the_floats_nearest_to_what_is_written(unit, written, power):
    """``5 um`` was 4.9999999999999996e-06 m, as products of floats are rounded twice."""
    rng = random.Random(1)
    numbers = ["5", "3", "0.3", "1.e3", ".7e-2", "1234567890123456789012345"]
    for number in [*numbers, *(f"{rng.uniform(-1e3, 1e3):.{digits}g}" for digits in range(1, 18) for _ in range(5))]:
        nearest = float(Fraction(number.replace("1.e3", "1e3")) * Fraction(10) ** power)
        assert parse_quantity(f"{number} {written}", unit) == nearest
        assert parse_si(f"{number} {written}") == nearest


@pytest.mark.parametrize(("unit", "text"), [(unit, text) for unit, texts in USUAL.items() for text in texts])
def test_usual_units_are_what_pint_says(unit, text):
    """``parse_si`` asks pint, always."""
    for number in ("3.3", "100", "-0.7e-3", "1e12"):
        assert parse_quantity(f"{number} {text}", unit) == parse_si(f"{number} {text}")


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


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("1 µm", "m", 1e-6), ("1 μm", "m", 1e-6), ("2 kΩ", "ohm", 2e3), ("1 kΩ·µm²", "ohm*m^2", 1e-9),
        ("1 A m⁻²", "A/m^2", 1.0), ("3 A*m**-2", "A/m^2", 3.0), ("3 A * m ^ -2", "A/m^2", 3.0),
        (" 5  nm / ns ", "m/s", 5.0),
        ("2 k\u2126", "ohm", 2e3), ("1 \u212b", "m", 1e-10), ("4 \u212a", "K", 4.0), ("\u22125 m/s", "m/s", -5.0),
        ("1 \u2126\u22c5m\u00b2", "ohm*m^2", 1.0), ("1 nm*nm/nm", "m", 1e-9),
        ("+.5e+3 m", "m", 500.0), ("1. V", "V", 1.0), ("7 eV/C", "V", 1.12152363838e0),
    ],
)  # fmt: skip
def test_units_as_people_write_them(text, unit, value):
    if "eV" in text:
        value = 7 * 1.602176634e-19
    assert parse_quantity(text, unit) == pytest.approx(value, rel=1e-12, abs=0)


@pytest.mark.parametrize("unit", ["m", "s", "V", "ohm", "ohm*m^2", "m/s", "A/m^2", "K", "J", "A"])
@pytest.mark.parametrize("value", [-0.0347, 5.0, 2.5e-7])
def test_what_pages_and_terminal_print_is_read(unit, value):
    assert parse_quantity(printed(value, unit), unit) == pytest.approx(value, rel=1e-3)


HOSTILE = [
    "1 m**9**9**9", "1 m^99", "1 m^9^9", "1 m^(9)", "1 (m)", "1 m*", "1 *m", "1 /m", "1 m//m", "1 m m m m m m m",
    "1" * 5000, "1" * 5000 + " m", "1." + "0" * 70 + " m", "1 " + "n" * 5000 + "m", "1 m " * 5000, "1e9999 m",
    "1 m^-", "1 m^0", "1 m^1.5", "0x10 m", "1_0 m", "１ m", "1 ｍ", "1 m\0", "1 \ud800", "1 m\n1", "1 m[2]",
    "1 m.__class__", "1 delta_degC", "1 dBm", "1 " + "*".join(["nm"] * 40), "--1 m", "1e m", "e5 m", ". m", "+ m",
    "1 pi*m/pi*e**9", " " * 10**6 + "1 m", "\x1f" * 90, "0\U0001019d" * 40, "\U000110bd" * 40, "\ud800" * 40,
]  # fmt: skip


def test_hostile_quantities_are_refused_at_once():
    began = time.perf_counter()
    for text in HOSTILE:
        with pytest.raises(ValueError) as caught:
            parse_quantity(text, "m")
        assert (len(str(caught.value)) < 150 and "quantity in m" in str(caught.value)) or "finite" in str(caught.value)
    assert time.perf_counter() - began < 5


def test_plain_numbers():
    assert [parse_number(text) for text in ("1", "-1.5e3", " .5 ", "+0", "inf")] == [1, -1500, 0.5, 0, math.inf]
    for text in ("1_0", "٣", "１", "", "0x1", "1,5", "--1"):
        with pytest.raises(ValueError):
            parse_number(text)


@given(st.text(max_size=90) | st.text("0123456789.eE+- nmVs*/^()²", max_size=90))
def test_any_text_is_a_number_or_refused(text):
    try:
        assert math.isfinite(parse_quantity(text, "m"))
    except ValueError as error:
        assert len(str(error)) < 150


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("width", "1e-13 m", "'1e-13 m' is outside 0.001 nm to 1e+09 um"),
        ("width", "1e-320 nm", "is outside 0.001 nm"), ("width", "100 lightyears", "is outside"),
        ("width", 1e4, "10000.0 is outside"), ("width", 10**400, "is outside"), ("width", 0.0, "0.0 is outside"),
        ("width", float("nan"), "nan is outside"), ("width", float("-inf"), "is outside"),
        ("leak", "1e-7 m/s", "is outside -1e+04 m/s to 1e+04 m/s (0, or at least 1e-06 m/s in size)"),
        ("leak", -1e-300, "is outside"), ("load", "2 s", "is outside"),
        ("load", "soon", "neither rest nor a value in s"), ("load", True, "True is neither rest"),
        ("load", "rest" * 1000, "neither rest"),
    ],
)  # fmt: skip
def test_ranges_hold_for_files_and_callers(field, value, message):
    with pytest.raises(ValidationError) as caught:
        _Wire.model_validate({"width": 1.0, field: value})
    (error,) = caught.value.errors()
    assert message in error["msg"] and len(error["msg"]) < 150


def test_ends_of_the_range_are_allowed():
    wire = _Wire(width=1e-12, leak=-1e4, load="1 s")
    assert (wire.width, wire.leak, wire.load) == (1e-12, -1e4, 1.0)
    assert (_Wire(width=1e3, leak=1e-6).leak, _Wire(width=1, leak="0 m/s").leak) == (1e-6, 0.0)


@pytest.mark.parametrize(("value", "unit", "file", "read"), [
    (3.347e-6, "s", "3.347 us", "3.347 µs"), (2e-10, "s", "0.2 ns", "200 ps"), (-5.0, "m/s", "-5 m/s", "−5 m/s"),
    (0.0, "s", "0 ns", "0 s"), (-0.0, "J", "-0 aJ", "0 J"),
    (0.07266, "A", "0.07266 A", "72660 µA"), (1.9759e-8, "m^2", "1.976e+04 um^2", "19760 µm²"),
    (500.0, "ohm", "500 ohm", "500 Ω"), (2.2e-12, "ohm*m^2", "2.2 ohm*um^2", "2.2 Ω·µm²"),
    (7.8e11, "A/m^2", "7.8e+11 A/m^2", "7.8e+11 A/m²"), (0.1191, "1", "0.1191 1", "11.91 %"),
    (-0.5, "", "-0.5 ", "−0.5"),
])  # fmt: skip
def test_a_file_holds_ascii_and_people_read_signs(value, unit, file, read):
    assert human(value, unit, 4) == file and printed(value, unit) == read


def test_two_values_are_told_in_one_unit():
    assert printed_span(0.03115, 0.07526, "V") == "31.15 … 75.26 mV"
    assert printed_span(-0.2, 1.2, "V") == "−0.2 … 1.2 V" and printed(0.9, "V", beside=1.2) == "0.9 V"
    assert (in_percent(-0.0444, 1), in_percent(0.1)) == ("−4.4 %", "10 %")
