"""The ``spinhop`` command: registers the commands, turns errors into one line and an exit code.

Exit codes: 0 good, 1 a check found violations, 2 bad input or a file that cannot be read or written, 130 interrupted
(143 terminated).
Commands import what they need when they run; ``spinhop --help`` loads none of it.
"""

from __future__ import annotations

import codecs
import gc
import inspect
import io
import logging
import os
import select
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache, partial
from typing import Annotated, get_type_hints

import click
import typer

import spinhop
from hwlib.errors import ReportedError, StoppedError, one_line
from hwlib.storage.files import no_more_files
from hwlib.workers.allocation import keep_freed_memory
from spinhop.commands import (
    atlas_commands,
    check_commands,
    codesigned_commands,
    compensate_commands,
    design_commands,
    example_commands,
    optimize_commands,
    plot_commands,
    preset_commands,
    spice_commands,
    stage_commands,
    study_commands,
    task_commands,
    technology_commands,
    tool_commands,
)
from spinhop.runtime.code_storage import PLACES, comes_from_numba, storage_problem
from spinhop.runtime.extras import refusal
from spinhop.runtime.unnamed_files import OUTPUT, unnamed

app = typer.Typer(
    name="spinhop",
    help="From a spintronic network's design file to its layout, its wires, and what that drawn network does.",
    no_args_is_help=True,
    suggest_commands=False,  # Click does
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (
    design_commands, example_commands, preset_commands, stage_commands, spice_commands, check_commands, task_commands,
    optimize_commands, codesigned_commands, compensate_commands, study_commands, plot_commands, atlas_commands,
    technology_commands, tool_commands,
):  # fmt: skip
    module.register(app)


def _say_version(wanted: bool) -> None:
    if wanted:
        print(spinhop.__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Say the version and leave.", is_eager=True, callback=_say_version)
    ] = False,
) -> None:
    pass


INTERRUPTED = 130
UNREAD = 141  # as of a program that SIGPIPE ends; 1 would be a network that does not work
_NAMES_AS_BYTES = "spinhop.names_as_bytes"
GARBAGE_AFTER = 100_000  # new objects; Python looks after 700


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    # Imports make a million objects that stay: looking through them for garbage, as often as Python would, takes a
    # fifth of their time.
    gc.set_threshold(GARBAGE_AFTER, 10, 10)
    keep_freed_memory()
    # Zarr writes a store's files at once: where two have no room, the second error is one that nobody asks for.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    codecs.register_error(_NAMES_AS_BYTES, _names_as_bytes)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a folder's name may be no text, and the terminal know little of it
            stream.reconfigure(errors=_NAMES_AS_BYTES if _for_a_script(stream) else "backslashreplace")
    sys.exit(guarded(lambda: command()(args=arguments, prog_name="spinhop", standalone_mode=False)))


def _for_a_script(stream: io.TextIOWrapper) -> bool:
    """Whether a stream is a pipe or a file: no terminal, and not in the memory of who reads it as text."""
    with suppress(OSError, ValueError):
        return not os.isatty(stream.fileno())
    return False


def _names_as_bytes(error: UnicodeError) -> tuple[str | bytes, int]:
    """To a pipe: the bytes that a file's name has where it is no text, for a script that opens it; else an escape."""
    if not isinstance(error, UnicodeEncodeError):  # who reads the stream back
        return codecs.backslashreplace_errors(error)
    character, after = error.object[error.start], error.start + 1
    if "\udc80" <= character <= "\udcff":
        return os.fsencode(character), after
    return character.encode("ascii", "backslashreplace"), after


@cache
def command() -> click.Command:
    """The command line, made once a process: its parameters take a tenth of a second to find."""
    made = typer.main.get_command(app)
    assert isinstance(made, click.Group)
    made.invoke = partial(_invoked, made.invoke)  # type: ignore[method-assign]
    for each in leaves(made):
        each.format_help = partial(_say_arguments, each, each.format_help)  # type: ignore[method-assign]
        for param in each.params:
            if isinstance(param.type, click.Path):
                param.type.convert = partial(_named, param.type.convert)  # type: ignore[method-assign]
    return made


def leaves(group: click.Group) -> Iterator[click.Command]:
    """The commands of a group and of the groups in it."""
    for each in group.commands.values():
        yield from leaves(each) if isinstance(each, click.Group) else [each]


class _FileEndsError(Exception):
    """An ``EOFError`` that Click, which takes one for Ctrl-D, does not know."""

    def __init__(self, error: EOFError):
        super().__init__()
        self.error = error


def _invoked(invoke: Callable[[click.Context], object], ctx: click.Context) -> object:
    try:
        return invoke(ctx)
    except EOFError as error:
        raise _FileEndsError(error) from error


def _say_arguments(command: click.Command, say: Callable[..., None], *given: object) -> None:
    """Say a command's help; Click 8.5 has a help of arguments of its own, and drops the one that Typer 0.24 is told."""
    hints = get_type_hints(inspect.unwrap(command.callback), include_extras=True) if command.callback else {}
    for param in command.params:
        for told in getattr(hints.get(param.name or ""), "__metadata__", ()):
            if isinstance(param, click.Argument):
                param.help = told.help
    say(*given)


def _named(
    convert: Callable[..., object], value: object, param: click.Parameter | None, ctx: click.Context | None
) -> object:
    """A path of the command line; an empty one, a shell's unset variable, would be the current folder."""
    if value == "":
        raise click.BadParameter("empty; a file or folder needs a name", ctx, param)
    return convert(value, param, ctx)


def guarded(call: Callable[[], object]) -> int:
    """Call, print any error a user can mend as one line on stderr, and return the exit code."""
    try:
        code = call()
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit) as error:
        # Typer and rich make exit code 1 of it.
        if isinstance(error, SystemExit) and not isinstance(error.__context__, BrokenPipeError):
            raise
        if not _drop(_unread()) and isinstance(error, BrokenPipeError):  # a pipe to a process of our own
            raise
        return UNREAD  # the reader of our output went away (``| head``): say nothing
    except (KeyboardInterrupt, click.exceptions.Abort):
        return _fail("interrupted; finished stages are kept", code=INTERRUPTED)
    except click.exceptions.NoArgsIsHelpError:  # the help has just been printed
        return 2
    except Exception as error:
        known = error.error if isinstance(error, _FileEndsError) else error
        lines = _lines(known)
        if not lines:
            raise known from None
        return _fail(*lines)
    if code == INTERRUPTED:  # Typer's own handling of Ctrl-C
        return _fail("interrupted; finished stages are kept", code=INTERRUPTED)
    return code if isinstance(code, int) else 0


def _lines(error: Exception) -> Sequence[str]:
    """What to say of an error that a user can mend; nothing of any other."""
    if isinstance(error, ReportedError):
        return error.lines
    if isinstance(error, click.ClickException):
        return [one_line(error.format_message())]
    if isinstance(error, OSError):
        if error.filename is None and (scarce := no_more_files(error)):
            return [scarce]
        return [one_line(f"{error.filename or _nameless(error)}: {error.strerror or error}")]
    if isinstance(error, StoppedError):
        return [one_line(str(error))]
    if isinstance(error, MemoryError):
        return ["not enough memory for this design"]
    if (problem := storage_problem(error)) is not None:
        return [one_line(problem)]
    return [refusal(error)] if isinstance(error, ModuleNotFoundError) else []


def _unread() -> list[int]:
    """Which of standard output and standard error nobody reads any more."""
    poll = select.poll()
    for number in (1, 2):
        poll.register(number, 0)
    return [number for number, event in poll.poll(0) if event & (select.POLLERR | select.POLLHUP)]


def _nameless(error: OSError) -> str:
    """What could not be read or written, where the system does not say it: every file of ours comes with its name."""
    if comes_from_numba(error):
        return PLACES
    if isinstance(error, FileNotFoundError) and not _folder_is_there():
        return "current folder"
    found = unnamed(error)
    if found == OUTPUT:
        _drop([1])
    return found


def _folder_is_there() -> bool:
    """Whether the folder that this process was started in has not been removed since."""
    try:
        os.getcwd()  # noqa: PTH109, which is asked for its error
    except FileNotFoundError:
        return False
    return True


def _drop(streams: list[int]) -> bool:
    """Send streams nowhere, so that nothing is said when Python flushes them at its end; whether there are any."""
    for number in streams:
        os.dup2(os.open(os.devnull, os.O_WRONLY), number)
    return bool(streams)


def _fail(*lines: str, code: int = 2) -> int:
    try:
        sys.stderr.write("".join(f"spinhop: {line}\n" for line in lines))
        sys.stderr.flush()
    except OSError:
        _drop([2])
    return code
