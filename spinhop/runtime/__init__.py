"""The process that a command runs in: interruption, memory, compiling, workers, optional packages."""
