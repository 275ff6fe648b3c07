"""What a person sees while a command works: the stage, what it does now, and for how long already."""

import io
import time

from numba import njit

from spinhop.console import StageLines, TaskBar
from spinhop.runtime import compile_progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def as_terminal(monkeypatch):
    shown = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr("sys.stderr", shown)
    return shown


def test_a_stage_shows_its_time_without_being_asked(monkeypatch):
    terminal = as_terminal(monkeypatch)
    with StageLines() as lines:
        lines("extraction", "start", 0.0)
        deadline = time.monotonic() + 20
        while "0:00:01" not in terminal.getvalue() and time.monotonic() < deadline:
            time.sleep(0.05)
        lines.say("compiling the engine")
        lines.advance(3, 20)
        lines("extraction", "done", 1.25)
        lines("recall", "kept", 0.0)
    text = terminal.getvalue()
    assert "extraction" in text and "0:00:01" in text
    assert "extraction: compiling the engine" in text or "extraction 3 of 20, about" in text
    assert "extraction                 1.25 s" in text and "recall                 unchanged" in text


def test_a_pipe_gets_lines_only(capsys):
    with StageLines() as lines:
        lines("extraction", "start", 0.0)
        lines.advance(1, 2)
        lines("extraction", "done", 1.25)
    assert capsys.readouterr().err == "extraction                 1.25 s\n"


def test_a_task_says_what_was_compiled(monkeypatch):
    class Clock:
        now = 0.0

        @classmethod
        def monotonic(cls):
            cls.now += 1.0
            return cls.now

    monkeypatch.setattr(compile_progress, "time", Clock)
    twice, thrice, terminal = njit(lambda x: 2 * x), njit(lambda x: 3 * x), as_terminal(monkeypatch)
    with TaskBar("train") as bar:
        twice(1), thrice(1)
        bar(1, 2)
    assert "compiled the engine, once on this machine: 2 functions" in terminal.getvalue()
