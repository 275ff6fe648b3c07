"""Code blocks of Markdown pages, run as a reader would run them: what they print is what the page shows.

A block without a language is typed into a shell, line by line; ``yaml`` is a file (with a title), a design or a part of
one; ``text`` is what the block before it prints, where ``…`` stands for anything. Comments above a block say what else
there is to know, of the whole block or of the lines that begin with the words in brackets::

    <!-- not run: why -->     <!-- not run (spinhop show): why -->
    <!-- proof: why -->       only in the long proofs
    <!-- exit 1 -->           <!-- exit 1 (spinhop check): why -->
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML

from hwlib.design import Design, load_design
from spinhop.cli import main
from spinhop.study.study_fields import load_study

_BLOCK = re.compile(
    r"(?P<notes>(?:^[ ]*<!--[^\n]*-->\n+)*)^(?P<indent>[ ]*)```(?P<about>[^\n]*)\n(?P<text>.*?)^(?P=indent)```",
    re.S | re.M,
)
_NOTE = re.compile(r"<!--\s*(?P<what>not run|proof|exit \d+)\s*(?:\((?P<lines>[^)]*)\))?\s*(?::\s*(?P<why>.*?))?\s*-->")
LANGUAGES = ("", "python", "yaml", "text", "tex")
NOT_RUN, PROOF = "not run", "proof"


@dataclass(frozen=True)
class Note:
    """What a comment above a block says.

    Attributes:
        what: ``not run``, ``proof`` or ``exit N``.
        lines: it is about lines that begin so; empty: about the block.
        why: the reason.
    """

    what: str
    lines: tuple[str, ...]
    why: str

    def about(self, line: str) -> bool:
        """Whether it is about a line."""
        return not self.lines or line.startswith(self.lines)


@dataclass(frozen=True)
class Block:
    """A code block.

    Attributes:
        page: its page, and the line that it begins in.
        language: of ``LANGUAGES``.
        title: name of its file; empty: none.
        text: what is in it.
        notes: of the comments above it.
    """

    page: str
    language: str
    title: str
    text: str
    notes: tuple[Note, ...]

    def left_out(self, line: str, whole: bool) -> bool:
        """Whether a line is not run, in the long proofs (``whole``) or in the sample."""
        return any(
            note.what == NOT_RUN or (note.what == PROOF and not whole) for note in self.notes if note.about(line)
        )

    def code(self, line: str) -> int:
        """The exit code that a line ends with."""
        return next((int(n.what.split()[1]) for n in self.notes if n.what.startswith("exit") and n.about(line)), 0)

    def lines(self) -> list[str]:
        """What is typed into the shell."""
        typed = self.text.replace("\\\n", " ").splitlines()
        return [line.strip().removeprefix("$ ") for line in typed if line.strip() and not line.lstrip().startswith("#")]


def blocks(text: str, page: str) -> list[Block]:
    """The code blocks of a page, in order."""
    found = []
    for match in _BLOCK.finditer(text):
        language, _, rest = match["about"].strip().partition(" ")
        title = re.search(r'title="([^"]*)"', rest)
        notes = tuple(
            Note(note["what"], tuple(part.strip() for part in (note["lines"] or "").split(",") if part.strip()),
                 note["why"] or "")
            for note in _NOTE.finditer(match["notes"])
        )  # fmt: skip
        place = f"{page}:{text.count(chr(10), 0, match.start('indent')) + 1}"
        body = "".join(line.removeprefix(match["indent"]) for line in match["text"].splitlines(keepends=True))
        found.append(Block(place, language, title[1] if title else "", body, notes))
    return found


def problems(block: Block) -> list[str]:
    """What is wrong with how a block is written."""
    found = []
    if block.language not in LANGUAGES:
        found.append(f"{block.page}: no language {block.language!r} is known here")
    for note in block.notes:
        if note.what in (NOT_RUN, PROOF) and len(note.why) < 8:
            found.append(f"{block.page}: {note.what} without a reason")
        found += [
            f"{block.page}: no line begins with {start!r}"
            for start in note.lines
            if not any(line.startswith(start) for line in block.lines())
        ]
    return found


@dataclass
class Reader:
    """Somebody who types what a page says, in the current folder.

    Attributes:
        given: files that a reader has, made when a line names them, by name.
        whole: whether lines and blocks of the long proofs are run.
        names: of the page's Python.
    """

    given: Mapping[str, Callable[[], object]]
    whole: bool
    names: dict[str, object] = field(default_factory=lambda: {"__name__": "__main__"})
    ran: int = 0
    _printed: str | None = None

    def read(self, page: list[Block]) -> None:
        """Run a page's blocks; one that fails, or prints what the page does not show, raises ``AssertionError``."""
        for block in page:
            if block.language == "text":
                if self._printed is not None and not block.left_out("", self.whole):
                    compare(block.text, self._printed, block.page)
                continue
            run = {"": self._shell, "python": self._python, "yaml": self._yaml}.get(block.language)
            if run is not None:
                self._printed = run(block)

    def _shell(self, block: Block) -> str | None:
        printed, left_out = [], 0
        for line in block.lines():
            if block.left_out(line, self.whole):
                left_out += 1
                continue
            self._give(line)
            code, out = _typed(line)
            assert code == block.code(line), f"{block.page}: {line}: exit code {code}\n{out}"
            printed.append(out)
            self.ran += 1
        return None if left_out else "".join(printed)

    def _python(self, block: Block) -> str | None:
        if block.left_out("", self.whole):
            return None
        self._give(block.text)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            try:
                exec(compile(block.text, block.page, "exec"), self.names)
            except Exception as error:
                raise AssertionError(f"{block.page}: {type(error).__name__}: {error}") from error
        self.ran += 1
        return out.getvalue()

    def _yaml(self, block: Block) -> None:
        if block.left_out("", True):
            return
        path = Path(block.title or "part.yaml")
        data = YAML(typ="safe").load(block.text)
        if block.title:
            path.write_text(block.text)
        if "design" in data and "name" in data:
            self._give(str(data["design"]))
            path.write_text(block.text)
            load_study(path)
        elif block.title or "name" in data:
            path.write_text(block.text)
            load_design(path)
        else:
            network = {"neurons": 3, **data.pop("network", {})}
            Design.model_validate({"name": "part", "network": network, **data}, context={"unread": True})
        self.ran += 1

    def _give(self, text: str) -> None:
        for name, make in self.given.items():
            if re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w-])", text) and not Path(name).exists():
                Path(name).parent.mkdir(parents=True, exist_ok=True)
                make()


def compare(shown: str, printed: str, page: str) -> None:
    """Whether what a page shows is what was printed: its lines in this order; ``…`` stands for anything."""
    words, at = [" ".join(line.split()) for line in printed.splitlines()], 0
    for line in filter(None, (" ".join(line.split()) for line in shown.splitlines())):
        wanted = re.compile(".*".join(re.escape(part) for part in line.split("…")))
        place = next((k for k in range(at, len(words)) if wanted.fullmatch(words[k])), None)
        assert place is not None, f"{page}: shows {line!r}, which is not printed (here):\n{printed}"
        at = place + 1


def _typed(line: str) -> tuple[int, str]:
    """Exit code and output of a line; ``spinhop`` runs in this process, which has loaded it already."""
    command, _, target = line.partition(" > ")
    words = shlex.split(command, comments=True)
    out = io.StringIO()
    if words[0] != "spinhop":
        done = subprocess.run(["bash", "-euc", line], capture_output=True, text=True, timeout=300)
        return done.returncode, done.stdout + done.stderr
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            main(words[1:])
            code = 0
        except SystemExit as left:
            code = int(left.code or 0)
    if target:
        Path(shlex.split(target, comments=True)[0]).write_text(out.getvalue())
    return code, out.getvalue()
