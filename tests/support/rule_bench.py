"""A design with its network at its operating point, to be changed and judged by the rules."""

from dataclasses import replace

import numpy as np

import sim
from hwlib.design import Design
from hwlib.schematic import ideal_network, ladder_network
from hwlib.weights import stored_patterns, weight_levels
from sim.protocol import protocol_for
from sim.rules import Limits, operating_point_report

MOBILITY = 2.1 * 9.2740100783e-24 * 0.7 / (2 * 1.602176634e-19 * 8e5 * 50e-18)


class Bench:
    """A design with its network, to be changed and judged."""

    def __init__(self, n=8, ohm=0.0, **point):
        self.design = Design(name="t", network={"neurons": n}, operating_point=point)
        self.process = self.design.load_process()
        build = ladder_network if ohm else ideal_network
        self.network = build(self.design, self.process, *([ohm] if ohm else []))
        self.protocol = protocol_for(self.design, self.process, levels=weight_levels(self.design))
        self.limits = Limits()
        self.waivers: dict[str, str] = {}

    @property
    def device(self):
        return self.design.device

    def report(self):
        return operating_point_report(
            self.network, self.protocol, self.device, self.process, waivers=self.waivers, limits=self.limits,
            patterns=stored_patterns(self.design), starts=sim.starts(self.design),
        )  # fmt: skip

    def outcome(self, rule):
        return next(o for o in self.report().outcomes if o.rule == rule)

    def place_devices(self, pitch=240e-9):
        net = self.network
        self.network = net.with_devices(device_x=net.pre * pitch, device_y=net.post * pitch)
        return self

    def layered(self, limit):
        """Every wire on layer m2 (columns, the second half) or m3 (rows), with one current limit."""
        count = len(self.network.resistor_ohm)
        self.network = replace(
            self.network,
            layers=("m3", "m2"),
            resistor_layer=np.repeat([0, 1], count // 2).astype(np.int32),
            resistor_limit=np.full(count, limit),
            node_x=np.arange(self.network.nodes) * 1e-8,
            node_y=np.zeros(self.network.nodes),
        )
        return self
