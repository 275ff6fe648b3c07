"""Devices that fit the presets: the coarser the metals, the longer the shortest track."""

from __future__ import annotations

from hwlib.design import Device

ESTIMATES = ("copper", "copper_thick", "ebeam")  # Table I's device fits
OPEN = {"gf180mcu": 1180e-9, "sg13g2": 870e-9, "sky130": 710e-9}  # shortest track in m, pillar in its middle


def fitting_device(process: str) -> Device:
    """Table I's device, or the shortest that fits."""
    return Device(track_length=OPEN.get(process, 100e-9))
