"""Messages about fields are in the project's words, whatever field it is and whatever is found there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from hwlib.design import Design, load_design
from hwlib.errors import InputError
from hwlib.field_range import BOUNDS
from hwlib.field_words import in_words
from hwlib.process import Layer, load_process
from hwlib.task_kinds import ImagesFields, MaxcutFields, RecallFields
from hwlib.text_form import PlainName
from spinhop.study.study_fields import AxisRange, StudyFields

PYDANTIC = re.compile(
    r"Input should|Field required|(String|Tuple|Dictionary|Keys?) should|Extra inputs|a valid |pattern"
)
WRONG = (None, "", "a b", "x" * 3000, True, 3.5, -1, 10**30, float("inf"), [], ["a"], [[1]], [1] * 5000, {}, {"a": 1})


def _models(kind: Any) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for part in get_args(kind):
        yield from _models(part)


def _all_of(model: type[BaseModel], seen: set[type[BaseModel]]) -> set[type[BaseModel]]:
    """The model and all that its fields are made of."""
    if model not in seen:
        seen.add(model)
        for field in model.model_fields.values():
            for inner in _models(field.annotation):
                _all_of(inner, seen)
    return seen


@pytest.mark.parametrize("root", [Design, RecallFields, ImagesFields, MaxcutFields, StudyFields, AxisRange])
def test_no_message_has_words_of_pydantic(root):
    _have_own_words(_all_of(root, set()))


def test_nor_has_one_of_a_process():
    _have_own_words(_all_of(type(load_process("ebeam")), set()))


def _have_own_words(models: set[type[BaseModel]]) -> None:
    for model in models:
        for name in model.model_fields:
            for wrong in WRONG:
                try:
                    TypeAdapter(model).validate_python({name: wrong}, context={"from_file": True, "unread": True})
                except InputError as error:
                    said = list(error.lines)
                except ValidationError as error:
                    said = [in_words(problem, model) for problem in error.errors()]
                else:
                    continue
                assert not [line for line in said if PYDANTIC.search(line)], (model, name, wrong)


def _two_ended(model: type[BaseModel]) -> Iterator[tuple[str, Any, Any]]:
    """Fields of a model that are numbers between two bounds, and the bounds."""
    for name, field in model.model_fields.items():
        ends = {end: getattr(note, end) for note in field.metadata for end in BOUNDS if hasattr(note, end)}
        if len(ends) == 2:
            yield name, *ends.values()


@pytest.mark.parametrize("root", [Design, RecallFields, ImagesFields, MaxcutFields, StudyFields, Layer])
def test_a_number_beyond_one_end_of_its_range_is_told_both(root):
    """Whoever corrected ``0`` to ``2000000`` was told the other end only then."""
    tried = 0
    for model in _all_of(root, set()):
        for name, low, high in _two_ended(model):
            for wrong in (low - 1, high + 1):
                with pytest.raises(ValidationError) as caught:
                    TypeAdapter(model).validate_python({name: wrong}, context={"unread": True})
                said = [in_words(each, model) for each in caught.value.errors() if each["loc"] == (name,)]
                first, last = (end if isinstance(end, int) else f"{end:.12g}" for end in (low, high))
                assert len(said) == 1 and f" {first} and " in said[0] and f" {last}, found " in said[0], said
                tried += 1
    assert tried


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("device: {tmr: 150 %}", "tmr: '150 %' is not a number but a text; a ratio is wanted, write 1.5"),
        ("device: {tmr: 12.5%}", "tmr: '12.5%' is not a number but a text; a ratio is wanted, write 0.125"),
        ("device: {tmr: '1.5'}", "tmr: '1.5' is not a number but a text; write it without quotes"),
        ("device: {tmr: high}", "tmr: 'high' is not a number but a text"),
        ("network: {neurons: 3, weights: {matrix: w.csv}}", "or a file's name as matrix_file"),
        ("network: {neurons: 3, weights: {patterns: '101'}}", "give a list of texts of N bits, such as ['101', '011']"),
        ("network: {neurons: 3, weights: {patterns: ['1x1']}}", "patterns.0: found '1x1', allowed: digits 0 and 1"),
        ("task: {trials: 0}", "task.trials: must be at least 1 and at most 1000000, found 0"),
        (
            "task: {kind: images, pictures: [a.png], trials: 0}",
            "task.trials: must be at least 1 and at most 100000, found 0",
        ),
        ("task: {distortion: [2]}", "task.distortion.0: must be at least 0 and at most 1, found 2"),
        ("device: {pillar_position: 1}", "device.pillar_position: must be greater than 0 and less than 1, found 1"),
        ("task: {starts: 3}", "task.starts: must be a list, in brackets, found 3"),
        ("waivers: {current: because}", "found 'current', allowed: a rule's name, such as current.m2"),
    ],
)
def test_what_is_wanted_is_said(tmp_path, field, message):
    path = tmp_path / "d.yaml"
    path.write_text(f"name: d\n{field}\n" + "network: {neurons: 3}\n" * ("network" not in field))
    with pytest.raises(InputError) as caught:
        load_design(path)
    (line,) = caught.value.lines
    assert line.endswith(message)


def test_a_form_is_of_the_whole_text():
    """``$`` would also stand before a line end, which names never have."""
    names: TypeAdapter[str] = TypeAdapter(PlainName)
    for wrong in ("a\n", "a b", "1a", "", "a" * 65):
        with pytest.raises(ValidationError, match="a letter, then letters"):
            names.validate_python(wrong)
    assert names.json_schema()["pattern"].startswith("^[A-Za-z]")
    assert Layer.model_json_schema()["properties"]["color"]["pattern"] == "^#[0-9a-fA-F]{6}$"
