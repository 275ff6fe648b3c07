"""The PDK of process ``gf180mcu``: ``PDK.activate()``."""

from hwlib.process import load_process
from layouts.pdk.gdsfactory_pdk import make_pdk

PDK = make_pdk(load_process("gf180mcu"))
