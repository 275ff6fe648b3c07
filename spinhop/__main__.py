"""``python -m spinhop`` is the ``spinhop`` command."""

from spinhop.cli import main

if __name__ == "__main__":
    main()
