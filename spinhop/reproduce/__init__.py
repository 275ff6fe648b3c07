"""Every task of the paper, number by number: paper, authors' estimate, ideal network, network as drawn.

``reproduce(folder)`` runs all of them; see ``spinhop.reproduce.runner``. Nothing is loaded until it is called.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
