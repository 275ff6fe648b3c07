"""Public names of the layouts; each is loaded when it is first used."""

from . import pdk as pdk
from . import structures as structures
from .crossbar import hopfield as hopfield
from .macro_views import write_views as write_views
from .pictures import render as render
from .writer import write_layout as write_layout
