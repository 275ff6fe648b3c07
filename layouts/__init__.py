"""Network layouts: the N × N crossbar of a design, its files and pictures, and test structures.

Importing ``layouts`` is light; gdsfactory and klayout load when one of its public names (``__init__.pyi``) is first
used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
