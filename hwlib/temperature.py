"""Devices and processes at an operating temperature; what files give holds at their ``reference_temperature``.

M_s follows Bloch's law, TMR the polarisation of the tunnelling electrons (Jullière's formula), metals and vias the
Bloch–Grüneisen law scaled to their temperature coefficient. R_P, leaks, Δ, damping and anisotropy stay as given.
"""

from __future__ import annotations

from hwlib.design import Design
from hwlib.device import Device
from hwlib.errors import InputError
from hwlib.metal_resistance import resistance_ratio
from hwlib.process import Layer, Process


def at_temperature(design: Design, process: Process) -> tuple[Design, Process]:
    """A design and its process with the values that they have at the operating point's temperature.

    Without a temperature, and at 0 K (walls without noise), the values stay as given. What comes out says its own
    temperature as reference, so that nothing changes twice.

    Args:
        design: as read.
        process: its process.
    """
    temperature = design.operating_point.temperature
    if not temperature:
        return design, process
    device = warm_device(design.device, temperature)
    if device is not design.device:
        design = design.model_copy(update={"device": device})
    return design, warm_process(process, temperature)


def warm_device(device: Device, temperature: float) -> Device:
    """The device with M_s and R_AP of a temperature in K, below its ``bloch_temperature``; R_P stays.

    Raises:
        InputError: it has no M_s or no TMR there.
    """
    if temperature == device.reference_temperature:
        return device
    if problem := device.problem_at(temperature):
        raise InputError(f"temperature: {problem}")
    tmr = tmr_at(device, temperature)
    changed: dict[str, float | None] = {
        "saturation_magnetization": device.saturation_magnetization * magnetization_ratio(device, temperature),
        "tmr": tmr, "reference_temperature": temperature,
    }  # fmt: skip
    if device.r_antiparallel is not None:
        changed["r_antiparallel"] = device.r_p * (1 + tmr)
    return device.model_copy(update=changed)


def magnetization_ratio(device: Device, temperature: float) -> float:
    """M_s at a temperature in K over M_s as given: Bloch's law ``1 − (T/T*)^{3/2}``."""
    start = device.bloch_temperature
    return (1 - (temperature / start) ** 1.5) / (1 - (device.reference_temperature / start) ** 1.5)


def tmr_at(device: Device, temperature: float) -> float:
    """TMR at a temperature in K, of the TMR as given: ``2P²/(1 − P²)`` with ``Device.polarization_at``."""
    squared = device.polarization_at(temperature) ** 2
    return 2 * squared / (1 - squared)


def warm_process(process: Process, temperature: float) -> Process:
    """The process with the sheet and contact resistances of a temperature in K."""
    if temperature == process.reference_temperature:
        return process
    given = process.reference_temperature
    layers = {name: _warm_layer(layer, given, temperature) for name, layer in process.layers.items()}
    return process.model_copy(update={"layers": layers, "reference_temperature": temperature})


def _warm_layer(layer: Layer, given: float, temperature: float) -> Layer:
    if not layer.temperature_coefficient:
        return layer
    ratio = resistance_ratio(layer.temperature_coefficient, layer.debye_temperature, given, temperature)
    fields = {name: getattr(layer, name) for name in ("sheet_resistance", "contact_resistance")}
    return layer.model_copy(update={name: ratio * value for name, value in fields.items() if value is not None})
