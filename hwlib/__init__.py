"""The hardware library: device and process descriptions, parametric cells, extraction and checks.

Importing ``hwlib`` is light: its public names (``__init__.pyi``) are loaded when they are first used, and only some of
them need gdsfactory or klayout.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
