"""Recognition of the four-terminal DW-MTJ from polygons, as a custom device extractor for KLayout."""

from __future__ import annotations

import klayout.db as kdb

from hwlib.drawing.track_widths import narrowest_and_widest, track_widths
from hwlib.network import TERMINALS
from hwlib.process import Process

DEVICE_CLASS = "DWMTJ"
# name: (meaning, compared with the reference, SI value of one unit)
PARAMETERS = {
    "A": ("track cross-section, µm²", True, 1e-12),
    "L": ("track length between its contacts, µm", True, 1e-6),
    "W": ("pillar size along the track, µm", True, 1e-6),
    "X": ("pillar centre from the DW_IN contact, µm", True, 1e-6),
    "H": ("pillar size across the track (its area over W), µm", True, 1e-6),
    "N": ("smallest track width between its contacts, µm", True, 1e-6),
    "M": ("largest track width between its contacts, µm", True, 1e-6),
    "IX": ("DW_IN contact from the pillar, in the cell's axes, µm", False, 1e-6),
    "IY": ("DW_IN contact from the pillar, in the cell's axes, µm", False, 1e-6),
    "OX": ("DW_OUT contact from the pillar, in the cell's axes, µm", False, 1e-6),
    "OY": ("DW_OUT contact from the pillar, in the cell's axes, µm", False, 1e-6),
}
LAYERS = ("body", "track", "vt", "pin", "pillar", "read")


def device_class(process: Process) -> kdb.DeviceClass:
    """The DW-MTJ's device class: terminals of ``hwlib.network.TERMINALS``, parameters of ``PARAMETERS``.

    Lengths that differ by up to half the manufacturing grid are equal in a comparison.
    """
    made = kdb.DeviceClass()
    made.name = DEVICE_CLASS
    for terminal in TERMINALS:
        made.add_terminal(kdb.DeviceTerminalDefinition(terminal, ""))
    for name, (meaning, primary, scale) in PARAMETERS.items():
        made.add_parameter(kdb.DeviceParameterDefinition(name, meaning, 0.0, primary, scale))
    equal: kdb.EqualDeviceParameters | None = None
    for name, (_, primary, scale) in PARAMETERS.items():
        if primary:
            one = kdb.EqualDeviceParameters(made.parameter_id(name), tolerance(process, name) / scale, 0.0)
            equal = one if equal is None else equal + one
    assert equal is not None  # the loop ran
    made.equal_parameters = equal
    return made


def tolerance(process: Process, name: str) -> float:
    """Difference of a parameter (SI) that drawing on the manufacturing grid can make."""
    half = process.grid * (0.5 + 1e-6)
    return half * process.layers["track"].thickness if name == "A" else half


class DwMtjExtractor(kdb.GenericDeviceExtractor):
    """Finds DW-MTJs: a pillar on a track under a read electrode, between the track's two end contacts.

    L is the distance between the facing edges of the two contacts, A the track's drawn width between them times its
    thickness, N and M are its smallest and largest width there; the end under the ``pin`` marker is DW_IN. Whatever
    looks like a device but is none (one contact, two pillars, no marker or two …) becomes an extraction error with its
    polygon.
    """

    def __init__(self, process: Process):
        super().__init__()
        self.name = DEVICE_CLASS
        self._process = process

    def setup(self) -> None:
        """Declare the layers (in the order of ``LAYERS``) and the device class."""
        for name in LAYERS:
            self.define_layer(name, f"{name} of the device")
        self._class = device_class(self._process)
        self.register_device_class(self._class)

    def get_connectivity(self, _layout: kdb.Layout, layers: list[int]) -> kdb.Connectivity:
        """Shapes that make one device: everything that touches the track."""
        body, track, vt, pin, pillar, _ = layers
        found = kdb.Connectivity()
        for layer in (body, track, vt, pin, pillar):
            found.connect(layer)
        for layer in (body, vt, pin):
            found.connect(track, layer)
        found.connect(body, pillar)
        return found

    def extract_devices(self, geometry: list[kdb.Region]) -> None:
        """Make one device of one cluster of shapes, or report why it is none."""
        body, track, vt, pin, pillar, _ = (region.merged() for region in geometry)
        if track.is_empty():
            for polygon in pillar.each():
                self._refuse("stray-pillar", "a pillar that is on no track or under no read electrode", polygon)
            return
        on_track = vt.overlapping(track)  # one that ends at the track's edge is no contact
        contacts = [p.bbox() for p in on_track.each()]
        inputs = [p.bbox() for p in on_track.interacting(pin).each()]
        problem = ""
        if len(contacts) != 2:
            problem = f"a track with {len(contacts)} contacts, a device has two"
        elif body.count() != 1 or pillar.count() != 1:
            problem = f"a track with {max(body.count(), pillar.count()) if body.count() else 0} pillars under a read "
            problem += "electrode, a device has one"
        elif len(inputs) != 1:
            problem = f"a track with {len(inputs)} ends under the pin marker, a device has one"
        if problem:
            self._refuse("no-device", problem, next(track.each()))
            return
        source = inputs[0]
        drain = contacts[0] if contacts[1] == source else contacts[1]
        self._device(track, source, drain, next(pillar.each()))

    def _device(self, track: kdb.Region, source: kdb.Box, drain: kdb.Box, pillar: kdb.Polygon) -> None:
        along_x = abs(source.center().x - drain.center().x) >= abs(source.center().y - drain.center().y)
        turn = kdb.Trans() if along_x else kdb.Trans(kdb.Trans.R90)
        if (turn * source).center().x > (turn * drain).center().x:
            turn = kdb.Trans(kdb.Trans.R180) * turn
        # In this frame current enters on the left and leaves on the right.
        left, right, box = turn * source, turn * drain, (turn * pillar).bbox()
        length, tall = right.left - left.right, track.transformed(turn).bbox()
        if length <= 0:
            self._refuse("no-device", "the contacts of a track overlap along it", pillar)
            return
        between = kdb.Region(kdb.Box(left.right, tall.bottom, right.left, tall.top))
        run = track.transformed(turn) & between
        width, (narrowest, widest) = run.area() / length, narrowest_and_widest(track_widths(run, 0))
        unit = self.dbu()
        device = self.create_device()
        # KLayout moves equal clusters onto one another: only distances within the device may be kept.
        here = pillar.bbox().center()
        device.trans = kdb.DCplxTrans(kdb.DVector(here.x * unit, here.y * unit))
        thickness = self._process.layers["track"].thickness * 1e6
        values = {
            "A": width * unit * thickness, "L": length * unit, "W": box.width() * unit,
            "X": ((box.left + box.right) / 2 - left.right) * unit, "H": pillar.area() / box.width() * unit,
            "N": narrowest * unit, "M": widest * unit,
            "IX": (source.center().x - here.x) * unit, "IY": (source.center().y - here.y) * unit,
            "OX": (drain.center().x - here.x) * unit, "OY": (drain.center().y - here.y) * unit,
        }  # fmt: skip
        for name, value in values.items():
            device.set_parameter(name, value)
        vt, pillar_layer, read = (LAYERS.index(name) for name in ("vt", "pillar", "read"))
        self.define_terminal(device, 0, vt, source)
        self.define_terminal(device, 1, vt, drain)
        self.define_terminal(device, 2, pillar_layer, pillar)
        self.define_terminal(device, 3, read, pillar)

    def _refuse(self, category: str, message: str, polygon: kdb.Polygon) -> None:
        self.error(category, category, message, polygon)
