"""The PDK of process ``ebeam``: ``PDK.activate()``."""

from hwlib.process import load_process
from layouts.pdk.gdsfactory_pdk import make_pdk

PDK = make_pdk(load_process("ebeam"))
