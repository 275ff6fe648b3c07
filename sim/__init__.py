"""What the network does: wall dynamics, circuit, engines, tasks, operating-point rules, SPICE decks.

Knows a layout only through ``hwlib.network.Network``; never imports gdsfactory or klayout.
"""
