"""Studies: a design's task at many points of its fields, as one Zarr store that a stopped study goes on from."""
