"""What the command line does with files that no person would write: one call, judged, in this process.

A fuzz test draws a file, calls ``judged`` and is done: exit code 0, 1 or 2, every line of standard error short and
printable, no traceback, within ten seconds of the processor, its children's with them. The clock only tells a hang: on
a busy machine a process waits. The time of a call that compiles, which a machine does once and a run tells of, does not
count.
"""

from __future__ import annotations

import contextlib
import copy
import io
import os
import re
import time
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

_FINISHED = re.compile(r"^([a-z, ]+ (\d+\.\d\d s|unchanged)\n)+")  # stages, before what went wrong
LONGEST_LINE, LONGEST_SECONDS, LONGEST_WAIT = 200, 10, 900
FULL = os.environ.get("SPINHOP_FULL") == "1"


TRIES = {  # of each fuzz test: a sample every time, and all of it when SPINHOP_FULL=1
    "tasks": (30, 800),
    "mutated designs": (50, 1600), "damaged designs": (30, 1000), "processes": (20, 700), "quantities": (30, 1000),
    "matrix files": (30, 700), "damaged graphs": (60, 1300), "invented graphs": (30, 700),
    "names of weights": (10, 100), "damaged pictures": (30, 900), "options and texts": (10, 100),
    "damaged results": (6, 350), "changed results": (7, 450), "manifests": (10, 450), "checkpoints": (30, 400),
    "findings": (30, 350), "drawn layouts": (20, 400), "layout files": (6, 400),
    "parasitics": (40, 900),
}  # fmt: skip


def tries(name: str) -> int:
    """How often a fuzz test tries."""
    return TRIES[name][FULL]


def fuzz(name: str) -> settings:
    """Settings of a fuzz test by its name in ``TRIES``."""
    unhurried = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
    return settings(
        max_examples=tries(name), deadline=None, derandomize=not FULL, suppress_health_check=unhurried,
        database=None,
    )  # fmt: skip


def _worked() -> float:
    """Seconds that this process and its finished children have kept a processor."""
    return sum(os.times()[:4])


def judged(*arguments: object) -> tuple[int, str]:
    """Call the command line and return exit code and standard error; fails on what no command may do."""
    from numba.core import event

    from spinhop.cli import command, guarded

    recording = event.install_listener("numba:compile", event.RecordingListener())
    began, worked, out, err = time.perf_counter(), _worked(), io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), recording as compiled:
        code = guarded(lambda: command()(args=[str(a) for a in arguments], prog_name="spinhop", standalone_mode=False))
    waited, seconds, said = time.perf_counter() - began, _worked() - worked, err.getvalue()
    assert code in (0, 1, 2), (code, said)
    assert compiled.buffer or seconds < LONGEST_SECONDS, (seconds, waited, said)
    assert waited < LONGEST_WAIT, (seconds, waited, said)
    assert "Traceback" not in said
    for line in said.split("\n"):
        assert len(line) <= LONGEST_LINE and (line.isprintable() or not line), line
    if code == 2:
        assert re.sub(_FINISHED, "", said).startswith("spinhop: ") and said.endswith("\n"), said
    return code, said


NASTY_TEXTS = st.sampled_from(
    ["", " ", "0", "-1", "nan", "inf", "1e999 m", "1 m**9**9**9", "9" * 5000, "x" * 20_000, "100 lightyears",
     "1e-300 nm", "1e15 nm", "-1 V", "1 (m)", "010", "1:30", "yes", "~", "../../etc/passwd", "/dev/zero", "/dev/stdin",
     ".", "a.yaml", "\u202e\u200b", "\u00e9" * 300, "a\nb", "(x)", "a-b", "__class__", "{}", "[]", "!!python/object:x",
     "%s%n", "`id`", "$(id)"]
)  # fmt: skip
NASTY_NUMBERS = st.sampled_from(
    [
        0,
        -1,
        1,
        2,
        3,
        10**18,
        2**63,
        10**60,
        -(10**30),
        0.0,
        -0.0,
        1e-300,
        1e300,
        5e-324,
        float("inf"),
        float("nan"),
        0.5,
        1e-9,
    ]
)
NASTY = st.recursive(
    st.none() | st.booleans() | NASTY_NUMBERS | NASTY_TEXTS | st.text(st.characters(blacklist_categories=("Cs", "Cc"))),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NASTY_TEXTS, inner, max_size=3),
    max_leaves=5,
)


def _places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Path of every value in plain data."""
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path] * bool(path) + [place for key, value in children for place in _places(value, (*path, key))]


@st.composite
def mutated(draw: st.DrawFn, data: Any, most: int = 3) -> Any:
    """A valid file's plain data with a few values replaced by nasty ones, removed, repeated, nested or renamed."""
    data = copy.deepcopy(data)
    for _ in range(draw(st.integers(1, most))):
        places = _places(data)
        if not places:
            break
        *way, key = draw(st.sampled_from(places))
        holder = data
        for part in way:
            holder = holder[part]
        change = draw(st.sampled_from(["replace", "replace", "replace", "remove", "repeat", "nest", "rename"]))
        if change == "replace":
            holder[key] = draw(NASTY)
        elif change == "remove":
            del holder[key]
        elif change == "repeat":
            holder[key] = [holder[key]] * draw(st.integers(0, 5))
        elif change == "nest":
            holder[key] = {draw(NASTY_TEXTS): holder[key]}
        elif isinstance(holder, dict):
            holder[draw(NASTY_TEXTS)] = holder.pop(key)
    return data


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """A valid file's bytes with a few cut out, put in, repeated or changed."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = draw(st.integers(start, min(len(content), start + 200)))
        put = draw(
            st.binary(max_size=8) | st.sampled_from([b"", b"\0", b"\xff", b"[" * 300, b"&a *a", b"- ", b"\t", b"#"])
        )
        content = content[:start] + put + content[start if draw(st.booleans()) else end :]
    return content
