"""What is done to a network: the voltages applied, the pattern loaded, when to stop."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Literal

import numpy as np

from hwlib.argument_kinds import takes_kinds
from hwlib.design import Design
from hwlib.errors import InputError, shown
from hwlib.network import MTJ_IN, Network
from hwlib.operating_point import resolve_v_dw
from hwlib.process import Process
from hwlib.quantities import texts_in_si
from hwlib.temperature import at_temperature
from sim.dynamics import dynamics_of
from sim.thermal.thermal_noise import ThermalNoise

OFF_BELOW, ON_ABOVE = 0.05, 0.95  # read-out of a soma, fractions of L (decoded from the authors' programs)


@dataclass(frozen=True)
class Protocol:
    """One trial. Voltages and times are SI numbers, or texts with units (``"88 mV"``) that become such.

    Load phase: dendrite pins held at ±V_C by ``start`` (ON: +), weight sources open or at 0 V, until every wall rests
    or for a given time. Then the dendrite sources are open and the weight sources on, until every wall rests or
    ``time_limit``.

    Attributes:
        v_dw: V_DW in V.
        v_charge: V_C in V.
        weight: W in V; rails are at their level × W.
        levels: weights as multiples of W, shape (N, N), rows postsynaptic; None: what the rails are programmed to.
        start: bits to load, shape (N,); None: no load phase.
        initial: wall positions at the beginning as fractions of L, shape (devices,); None: all OFF (0).
        load: ``"rest"`` or the load time in s.
        time_limit: longest convergence phase in s; the load phase has the same limit.
        rails_while_loading: weight sources in the load phase, ``floating`` (open) or ``grounded`` (0 V).
        net_levels: of some weight nets, by name, what their sources are set to instead, multiples of W: it makes up
            for wires (``sim.compensation``).
        noise: temperature and random numbers of the walls; None: no noise. With it phases last their time, the
            convergence phase ``time_limit``.
    """

    v_dw: float
    v_charge: float
    weight: float
    levels: np.ndarray | None = None
    start: np.ndarray | None = None
    initial: np.ndarray | None = None
    load: float | Literal["rest"] = "rest"
    time_limit: float = 2e-6
    rails_while_loading: Literal["floating", "grounded"] = "floating"
    net_levels: Mapping[str, float] | None = None
    noise: ThermalNoise | None = None

    def __post_init__(self) -> None:
        texts_in_si(self, v_dw="V", v_charge="V", weight="V", time_limit="s")
        if isinstance(self.load, str) and self.load != "rest":
            texts_in_si(self, load="s")

    def net_voltages(self, network: Network) -> np.ndarray:
        """Source voltage of every net in the convergence phase, NaN where no source is on, shape (nets,).

        Raises:
            InputError: lines without ``levels``, levels of a wrong shape, or ``net_levels`` of what is no weight net.
        """
        levels = None if self.levels is None else np.asarray(self.levels, float)
        if levels is not None and levels.shape != (network.neurons, network.neurons):
            raise InputError(f"protocol: levels has shape {levels.shape}, needs {(network.neurons,) * 2}")
        point = replace(self, levels=levels)
        sources = ((net, net.net_class.converging) for net in network.parsed_nets())
        volts = np.array([math.nan if source is None else source.volts(net, point) for net, source in sources])
        if self.net_levels is not None:
            weights = network.weight_nets
            for name, level in self.net_levels.items():
                if name not in weights:
                    raise InputError(f"protocol: net_levels: {shown(name)} is no weight net of this network")
                volts[weights[name]] = level * self.weight
        return volts

    def load_voltages(self, network: Network) -> np.ndarray:
        """Source voltage of every net in the load phase, NaN where no source is on, shape (nets,)."""
        sources = ((net, net.net_class.loading) for net in network.parsed_nets())
        return np.array([math.nan if source is None else source.volts(net, self) for net, source in sources])

    def loading_voltages(self, network: Network, starts: np.ndarray) -> np.ndarray:
        """``load_voltages`` of many starts, bits of shape (starts, N); shape (starts, nets).

        A source in the load phase knows of no bit but its own neuron's.
        """
        on, off = (replace(self, start=np.full(network.neurons, bit)).load_voltages(network) for bit in (1, 0))
        neuron = np.array([max(net.neuron, 0) for net in network.parsed_nets()])
        return np.where(starts[:, neuron] != 0, on, off)

    def rest_speed(self, network: Network) -> np.ndarray:
        """Speed in m/s below which each free wall counts as at rest (``WallDynamics.rest_speed``), shape (devices,)."""
        return dynamics_of(network).rest_speed(max(abs(self.v_dw), abs(self.v_charge), abs(self.weight)))

    def axon_weights(self, network: Network) -> np.ndarray:
        """Weight voltage behind each device's MTJ_IN in V (V_DW for somas), shape (devices,)."""
        return self.net_voltages(network)[network.node_net[network.terminals[:, MTJ_IN]]]


@takes_kinds
def protocol_for(design: Design, process: Process, **changes: object) -> Protocol:
    """The design's operating point as a protocol; ``changes`` override fields of ``Protocol``.

    V_DW ``auto`` is the centre of the window of ideal wires here: ``sim.protocol_on`` takes a network's own.

    Raises:
        InputError: a change of what is no field.
    """
    allowed = [field.name for field in fields(Protocol)]
    if unknown := [name for name in changes if name not in allowed]:
        raise InputError(f"{unknown[0]}: no field of a Protocol; allowed: {', '.join(allowed)}")
    design, process = at_temperature(design, process)
    point = design.operating_point
    values: dict[str, object] = {
        "v_dw": resolve_v_dw(design, process), "v_charge": point.v_charge, "weight": point.weight,
        "load": point.load, "time_limit": design.task.time_limit, "rails_while_loading": point.rails_while_loading,
        "noise": _noise(design),
    } | changes  # fmt: skip
    return Protocol(**values)  # type: ignore[arg-type]


def _noise(design: Design) -> ThermalNoise | None:
    """Of the design's temperature; None where it states none."""
    temperature, step = design.operating_point.temperature, design.task.time_step
    if temperature is None:
        return None
    increment = None if isinstance(step, str) else step
    device = design.device
    return ThermalNoise(
        temperature, device.polarization, design.seed, increment=increment, read_noise=device.read_noise
    )  # fmt: skip
