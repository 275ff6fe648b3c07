"""The ``spinhop`` command: registers the commands, turns errors into one line and an exit code.

Exit codes: 0 good, 1 a check found violations, 2 bad input or a file that cannot be read or written, 130 interrupted.
Commands import what they need when they run; ``spinhop --help`` loads none of it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import click
import typer

import spinhop
from hwlib.errors import InputError
from spinhop.commands import checks, design, spice, stages, tasks, tools

app = typer.Typer(
    name="spinhop",
    help="From a spintronic network's design file to its layout, its wires, and what that drawn network does.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (design, stages, spice, checks, tasks, tools):
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


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(guarded(lambda: app(args=arguments, prog_name="spinhop", standalone_mode=False)))


def guarded(call: Callable[[], object]) -> int:
    """Call, print any error a user can mend as one line on stderr, and return the exit code."""
    try:
        code = call()
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output went away (``| head``): say nothing, also not when Python flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (KeyboardInterrupt, click.exceptions.Abort):
        return _fail("interrupted; finished stages are kept", INTERRUPTED)
    except InputError as error:
        return _fail(str(error))
    except click.exceptions.NoArgsIsHelpError:  # the help has just been printed
        return 2
    except click.ClickException as error:
        return _fail(_one_line(error.format_message()))
    except OSError as error:
        return _fail(f"{error.filename or 'file'}: {error.strerror or error}")
    except MemoryError:
        return _fail("not enough memory for this design")
    if code == INTERRUPTED:  # Typer's own handling of Ctrl-C
        return _fail("interrupted; finished stages are kept", INTERRUPTED)
    return code if isinstance(code, int) else 0


def _fail(message: str, code: int = 2) -> int:
    sys.stderr.write(f"spinhop: {message}\n")
    return code


def _one_line(text: str) -> str:
    return " ".join(text.split())
