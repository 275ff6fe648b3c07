"""From a drawn layout to its electrical network: wires, vias and devices read from polygons alone."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
