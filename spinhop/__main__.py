"""The ``spinhop`` command, also as ``python -m spinhop``."""

import atexit
import gc
import signal
import sys
import warnings

from spinhop.runtime import early_interrupt


def main() -> None:
    """Run the command line in a process that Ctrl-C ends at any moment, from here on."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, early_interrupt.STOPPING)
    early_interrupt.give_back()
    from spinhop.runtime.supervisor import supervise

    supervise(before)
    # As it ends, Python would look through all objects for garbage, which takes half a second after drawing; what is
    # left goes with the process.
    atexit.register(gc.freeze)
    try:
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            import typer  # noqa: F401, which itself takes from Click what Click 8.5 calls deprecated

        from spinhop.cli import main as command_line
    except Exception as error:
        from spinhop.runtime.code_storage import storage_problem

        if (problem := storage_problem(error)) is None:
            raise
        sys.stderr.write(f"spinhop: {problem}\n")
        sys.exit(2)
    command_line()


if __name__ == "__main__":
    main()
