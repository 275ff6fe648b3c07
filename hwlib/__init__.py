"""The hardware library: device and process descriptions, parametric cells, extraction and checks.

Importing ``hwlib`` is light. The parts that need gdsfactory or klayout (``hwlib.pdk``, ``hwlib.cells``,
``hwlib.extraction``) load them only when they are imported themselves.
"""
