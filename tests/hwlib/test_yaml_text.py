"""YAML 1.2: what a text means, where its values stand, and what is refused before it costs anything."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwlib.storage.yaml_text import MAX_DEPTH, MAX_VALUES, MAX_YAML_BYTES, YamlTextError, read_yaml, yaml_text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # The core schema's own examples, YAML 1.2.2 section 10.3.
        ("null", None), ("~", None), ("", None), ("true", True), ("True", True), ("FALSE", False),
        ("0", 0), ("0o7", 7), ("0x3A", 58), ("-19", -19), ("0.", 0.0), ("-0.0", -0.0), (".5", 0.5),
        ("+12e03", 12000.0), ("-2E+05", -2e5), (".inf", math.inf), ("-.Inf", -math.inf), ("+.INF", math.inf),
        # Not octal, not base 60, no dates, no further words: YAML 1.1 had these.
        ("010", 10), ("-0017", -17), ("1:30", "1:30"), ("190:20:30.15", "190:20:30.15"), ("2001-01-01", "2001-01-01"),
        ("yes", "yes"), ("NO", "NO"), ("on", "on"), ("y", "y"), ("0b11", "0b11"), ("1_000", "1_000"), ("=", "="),
        ("'1'", "1"), ('"true"', "true"), ("0o8", "0o8"), ("0X1", "0X1"), ("1e", "1e"), (".", "."), ("+", "+"),
        ("tRue", "tRue"), ("1 2", "1 2"), ("|\n    two\n    lines\n", "two\nlines\n"),
    ],
)  # fmt: skip
def test_what_a_value_means(text, value):
    found = read_yaml(f"key: {text}").data["key"]
    assert found == value and type(found) is type(value)
    assert math.copysign(1, found) == math.copysign(1, value) if isinstance(value, float) else True


def test_not_a_number_is_one():
    assert math.isnan(read_yaml("key: .NaN").data["key"])


def test_keys_are_texts_and_merge_is_a_key_like_any_other():
    document = read_yaml("1: a\ntrue: b\n~: c\n2.5: d\n<<: {x: 1}\n'': e\n")
    assert document.data == {"1": "a", "true": "b", "~": "c", "2.5": "d", "<<": {"x": 1}, "": "e"}
    assert not document.problems


def test_lines_of_keys_and_items():
    document = read_yaml("a: 'x\n\n  y'\nb:\n  - 1\n  -\n    2\n  - {c: 1,\n     d: [1,\n  2]}\ne: &k\n  f: 1\ng: *k\n")
    place = document.place
    assert document.data == {"a": "x\ny", "b": [1, 2, {"c": 1, "d": [1, 2]}], "e": {"f": 1}, "g": {"f": 1}}
    assert place.keys == {"a": 1, "b": 4, "e": 11, "g": 13}
    items = place.children["b"].children
    assert [items[k].line for k in range(3)] == [5, 7, 8]
    assert items[2].keys == {"c": 8, "d": 9} and items[2].children["d"].children[1].line == 10
    assert place.children["g"].keys == {"f": 12}  # where it is written


def test_what_cannot_be_taken_as_written_is_listed_with_its_place():
    text = (
        'a: 1\na: 2\nb: {c: 1, c: 2, d: !!bool x}\ne: [!t x, \'\\0\', "\\0"]\nf: "\\ud800"\n"\\e": 1\ng: '
        + "9" * 65
        + "\nh: !!map {}\nk: &x y\n*x : 2\n"
    )
    document = read_yaml(text)
    problems = document.problems
    assert [(p.line, p.path) for p in problems] == [
        (2, ("a",)), (3, ("b", "c")), (3, ("b", "d")), (4, ("e", 0)), (4, ("e", 2)), (5, ("f",)), (6, ("\\x1b",)),
        (7, ("g",)), (8, ("h",)),
    ]  # fmt: skip
    assert [p.message for p in problems][:3] == [
        "given twice, first on line 1",
        "given twice, first on line 3",
        "tag 'tag:yaml.org,2002:bool' is not read",
    ]
    assert document.data["e"] == ["x", "\\0", "\\x00"] and "\\x1b" in document.data  # models take no such character
    assert "at most 64 characters" in problems[7].message


def _bomb(levels: int) -> str:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]" for k in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: [1\n", 2, "not valid YAML"), ("a: 1\n b: 2\n", 2, "not valid YAML"), ("\ta: 1", 1, "not valid YAML"),
        ("a: 1\nb: \x07\n", 2, "character '\\x07' is not allowed"), ('a: "\\q"', 1, "not valid YAML"),
        ("a: 1\nb: *x\n", 2, "alias *x names nothing"), ("a: &x [*x]", 1, "alias *x names nothing"),
        ("- a\n--- \n- b", 2, "a second document"), ("%YAML 1.1\n---\na: 1", 2, "YAML 1.1 is not read"),
        ("? [a]\n: 1", 1, "a key is a text"), ("a: &x [1]\n*x : 2", 2, "a key is a text"),
        ("a: " + "[" * MAX_DEPTH, 1, "nested more than 20 deep"), ("{" * 100_000, 1, "a key is a text"),
        ("- " * 100_000, 1, "nested more than 20 deep"), (_bomb(7), 5, "more than 20000 values"),
        (_bomb(100), 5, "more than 20000 values"),
        ("- 1\n" * (MAX_VALUES + 1), MAX_VALUES + 1, "more than 20000 values"),
        ("#" * (MAX_YAML_BYTES + 1), None, "longer than 256 KiB"),
        ("é" * (MAX_YAML_BYTES // 2 + 1), None, "longer than"),
    ],
)  # fmt: skip
def test_what_is_no_yaml_or_too_much(text, line, message):
    began = time.perf_counter()
    with pytest.raises(YamlTextError) as caught:
        read_yaml(text)
    assert message in str(caught.value) and caught.value.line == line
    assert time.perf_counter() - began < 8  # at most 2 s on an idle machine


def test_anchors_within_the_limits_are_harmless():
    document = read_yaml("a: &x {b: 1}\nc: [*x, *x]\nd: &y 7\ne: *y\n")
    assert document.data == {"a": {"b": 1}, "c": [{"b": 1}, {"b": 1}], "d": 7, "e": 7}


TEXTS = st.text(st.characters(blacklist_categories=("Cc", "Cs")), max_size=20) | st.sampled_from(
    ["010", "1:30", "yes", "~", "null", "true", "1e5", ".5", ".inf", "0x1", "0o1", "2001-01-01", "=", "<<", "a: b",
     "- a", "#", "!t", "&a", "*a", "%", "@", "`", "'", '"', "x\ny", " ", "", "---", "..."]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=10,
)


@given(VALUES, st.sampled_from([None, True, False]))
def test_what_is_written_reads_back(value, flow):
    document = read_yaml(yaml_text(value, flow=flow))
    assert document.data == value and not document.problems
