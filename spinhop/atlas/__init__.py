"""Up to which N do networks work: per process, weight style and slowness s, by the rules and by simulation."""

from spinhop.atlas.atlas_maker import Atlas, make_atlas

__all__ = ["Atlas", "make_atlas"]
