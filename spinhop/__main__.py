"""The ``spinhop`` command, also as ``python -m spinhop``."""

import signal

from spinhop import early_interrupt


def main() -> None:
    """Run the command line in a process that Ctrl-C ends at any moment, from here on."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    early_interrupt.give_back()
    from spinhop.supervisor import supervise

    supervise(before)
    from spinhop.cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
