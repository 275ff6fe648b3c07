"""Seeds of random draws."""

LARGEST_SEED = 2**63 - 1  # what files of results hold as a whole number
