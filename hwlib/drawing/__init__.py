"""Reading a layout: its file, cells, process layers and net labels, once for the checks and the extraction."""
