"""Rules on states: are the stored patterns rest states of the network? One static solve a state decides.

Every wall stands at the end that its neuron's bit says, somas and axons. The state is a rest state when each wall is
held there: ``k·I + v_leak ≥ 0`` at the ON end, ``≤ 0`` at the OFF end, slower than ``Protocol.rest_speed`` being 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hwlib.nets import LINE, RAIL
from hwlib.network import Network
from hwlib.quantities import printed
from sim.dynamics import dynamics_of
from sim.protocol import Protocol
from sim.rules.cases import Cases
from sim.rules.drive_path import DrivePath
from sim.rules.outcome import Outcome, Severity, first_smallest
from sim.rules.statics import StaticCircuits

MOST_PATTERNS = 64  # judged: no network that weight lines can be drawn for (N ≤ 256) stores as many
_FORMULA = "k·I + v_leak ≥ 0 in every wall that is ON, ≤ 0 in every one that is OFF, somas and axons"
_SOURCE = "Hopfield, PNAS 79, 2554 (1982): memories are rest states; kinematic wall, currents solved on the network"
_STILL = 1e-3  # margin by which all OFF is missed when a soma there just stands still


@dataclass(frozen=True)
class RestStates:
    """How firmly a network holds given states. Margins are relative to the current that balances a wall's leak.

    Attributes:
        states: bits, shape (states, N).
        soma_margin: of each neuron's soma, ≥ 0 where it is held, shape (states, N).
        axon_margin: of the neuron's axon that is held least, shape (states, N); inf without axons.
        soma_current: track current of each soma in A, shape (states, N).
        worst: device with the least margin of each state, shape (states,).
        current: track current of that device in A, shape (states,).
        balance: the current in A at which its wall would stand still, shape (states,).
    """

    states: np.ndarray
    soma_margin: np.ndarray
    axon_margin: np.ndarray
    soma_current: np.ndarray
    worst: np.ndarray
    current: np.ndarray
    balance: np.ndarray

    @property
    def margin(self) -> np.ndarray:
        """Least margin of each state, shape (states,)."""
        return np.minimum(self.soma_margin, self.axon_margin).min(axis=1)

    @property
    def holds(self) -> np.ndarray:
        """Whether each state is a rest state, shape (states,)."""
        return self.margin >= 0

    @property
    def leaving(self) -> np.ndarray:
        """Neurons whose soma, or some axon, leaves the state, shape (states, N)."""
        return np.minimum(self.soma_margin, self.axon_margin) < 0


def rest_states(
    network: Network, protocol: Protocol, states: np.ndarray, circuits: StaticCircuits | None = None
) -> RestStates:
    """Find which states a network holds in the convergence phase.

    Args:
        network: ideal or extracted.
        protocol: the voltages; with weight lines it must give ``levels``.
        states: bits of the neurons, shape (states, N) or (N,).
        circuits: of this network, for what was solved before; default: new ones.

    Raises:
        InputError: weight lines without levels.
    """
    states, circuits = np.atleast_2d(np.asarray(states)), circuits or StaticCircuits(network)
    held = network.held_nets(LINE, RAIL)
    source = protocol.net_voltages(network)
    holding = _Holding(network, protocol)
    somas, axons = network.somas, np.flatnonzero(~network.is_soma)
    soma_margin, soma_current = np.empty(states.shape), np.empty(states.shape)
    axon_margin = np.full(states.shape, np.inf)
    worst, current = np.empty(len(states), int), np.empty(len(states))
    for k, bits in enumerate(states):
        on = bits[network.pre] == 1
        track = circuits.track_current(on, held, source)
        margin = holding.margins(on, track)
        soma_margin[k], soma_current[k] = margin[somas], track[somas]
        np.minimum.at(axon_margin[k], network.pre[axons], margin[axons])
        worst[k] = first_smallest(margin)
        current[k] = track[worst[k]]
    return RestStates(states, soma_margin, axon_margin, soma_current, worst, current, holding.balance[worst])


def least_margins(
    network: Network, protocols: Sequence[Protocol], bits: np.ndarray, circuits: StaticCircuits
) -> np.ndarray:
    """How firmly networks that differ in source voltages alone hold one state: ``RestStates.margin`` of each.

    Args:
        network: ideal or extracted.
        protocols: the voltages of each.
        bits: of the neurons, shape (N,).
        circuits: of the network.
    """
    on = np.asarray(bits)[network.pre] == 1
    source = np.array([np.nan_to_num(protocol.net_voltages(network)) for protocol in protocols]).T
    tracks = circuits.at(on, network.held_nets(LINE, RAIL)).track_currents(source)
    pairs = zip(protocols, tracks.T, strict=True)
    return np.array([_Holding(network, protocol).margins(on, track).min() for protocol, track in pairs])


class _Holding:
    """What holds walls at the ends of their tracks."""

    def __init__(self, network: Network, protocol: Protocol):
        self.balance = dynamics_of(network).balance()
        self._still = protocol.rest_speed(network) / network.mobility

    def margins(self, on: np.ndarray, track: np.ndarray) -> np.ndarray:
        """Of each wall, relative to the current that balances its leak, for track currents in A, shape (devices,)."""
        gap = np.where(on, 1.0, -1.0) * (track - self.balance)
        return np.where(np.abs(gap) < self._still, 0.0, gap) / np.maximum(np.abs(self.balance), self._still)


def run_ends(cases: Cases, found: DrivePath | None) -> RestStates | None:
    """How the network holds the states in which its task's own trials end on ideal wires, where it stores nothing."""
    if cases.patterns is not None or found is None:
        return None
    return rest_states(cases.network, cases.protocol, found.ends, cases.circuits)


def pattern_states(cases: Cases) -> RestStates | None:
    """How the network holds its stored patterns, then their inverses; None without patterns."""
    if cases.patterns is None:
        return None
    patterns = cases.patterns[:MOST_PATTERNS]
    return rest_states(cases.network, cases.protocol, np.concatenate([patterns, 1 - patterns]), cases.circuits)


def neuron_margins(held: RestStates | None, ends: RestStates | None) -> list[float] | None:
    """Margin of each neuron: of what holds it least in any stored pattern, in the form that rests better."""
    found = held or ends
    if found is None:
        return None
    margins = np.minimum(found.soma_margin, found.axon_margin)
    if held is not None:
        count = len(margins) // 2
        margins = margins[found.margin.reshape(2, count).argmax(axis=0) * count + np.arange(count)]
    return margins.min(axis=0).tolist()


def stored_patterns(cases: Cases, found: RestStates | None, ends: RestStates | None) -> list[Outcome]:
    """Is every stored pattern, or its inverse, a rest state? And are both, which stand for one memory?

    A pattern that rests in neither form cannot come back with all its bits: an error. One that rests in one form only
    has lost the starts near the other: a warning. A network that stores nothing is asked for the states in which its
    task's trials end on ideal wires: a warning, as others may do as well.
    """
    if found is not None:
        margins = found.margin.reshape(2, len(found.states) // 2)
        return [
            _stored(cases, found, "drive.pattern", "error", margins.argmax(axis=0), "rest in neither form"),
            _stored(cases, found, "state.inverse", "warning", margins.argmin(axis=0), "do not rest in both forms"),
        ]
    return [] if ends is None else [_ends(cases, ends)]


def _ends(cases: Cases, found: RestStates) -> Outcome:
    """The end state that is held least."""
    k = first_smallest(found.margin)
    place = cases.device_place(int(found.worst[k]))
    leaving = int(found.leaving[k].sum())
    held = "is a rest state" if found.holds[k] else f"is left by {leaving} neuron{'s' * (leaving > 1)}"
    drive = f"{printed(found.current[k], 'A')}, stands still at {printed(found.balance[k], 'A')}"
    message = f"the state that ideal wires end in {held} ({cases.wires}), {place.name} held least ({drive})"
    return Outcome(
        rule="drive.pattern", message=message, margin=float(found.margin[k]), severity="warning", formula=_FORMULA,
        source=_SOURCE, measured=float(found.current[k]), required=float(found.balance[k]), unit="A", place=place,
        state="every wall as at the end of the trial on ideal wires",
    )  # fmt: skip


def _stored(
    cases: Cases, found: RestStates, rule: str, severity: Severity, form: np.ndarray, how: str
) -> Outcome:  # fmt: skip
    """The pattern that is held least, each in the given form: as stored (0), or inverse (1)."""
    count = len(form)
    chosen = form * count + np.arange(count)
    pattern = first_smallest(found.margin[chosen])
    k = int(chosen[pattern])
    name = f"pattern {pattern} inverted" if form[pattern] else f"pattern {pattern}"
    device = int(found.worst[k])
    bit = "ON" if found.states[k, cases.network.pre[device]] else "OFF"
    place = cases.device_place(device)
    drive = f"{bit}, {printed(found.current[k], 'A')}, stands still at {printed(found.balance[k], 'A')}"
    message = f"{name} is a rest state ({cases.wires}), {place.name} held least ({drive})"
    if not found.holds[k]:
        lost, leaving = int(np.sum(found.margin[chosen] < 0)), int(found.leaving[k].sum())
        message = (
            f"{lost} of {count} patterns {how} ({cases.wires}): {leaving} "
            f"{'neuron leaves' if leaving == 1 else 'neurons leave'} {name}, {place.name} most ({drive})"
        )
    return Outcome(
        rule=rule, message=message, margin=float(found.margin[k]), severity=severity, formula=_FORMULA, source=_SOURCE,
        measured=float(found.current[k]), required=float(found.balance[k]), unit="A", place=place,
        state=f"every wall as in {name}",
    )  # fmt: skip


def all_off(cases: Cases) -> Outcome | None:
    """Does the network leave the state in which every wall is OFF? It stores nothing, but starts can end there.

    An error when it would be left with the somas' leaks reversed: then their sign is wrong. None without patterns, or
    when all OFF or all ON is one of them.
    """
    network, patterns = cases.network, cases.patterns
    if patterns is None or (patterns == patterns[:, :1]).all(axis=1).any():
        return None
    off = np.zeros(network.neurons, int)
    found = rest_states(network, cases.protocol, off, cases.circuits)
    neuron = first_smallest(found.soma_margin[0])
    least, soma = float(found.soma_margin[0, neuron]), int(network.somas[neuron])
    turned = network.with_devices(leak=np.where(network.is_soma, -network.leak, network.leak))
    sign = least >= 0 and bool((rest_states(turned, cases.protocol, off, cases.circuits).soma_margin < 0).any())
    place = cases.device_place(soma)
    current, balance = float(found.soma_current[0, neuron]), float(cases.leak_current[soma])
    message = f"with every wall OFF {'no soma leaves' if least >= 0 else 'somas leave'} ({cases.wires})"
    message += f"; {place.name} {'comes nearest' if least >= 0 else 'first'}: {printed(current, 'A')}, "
    message += f"stands still at {printed(balance, 'A')}" + (
        "; a leak of the other sign would turn it ON" if sign else ""
    )
    return Outcome(
        rule="state.all_off", message=message, margin=-least if least < 0 else -max(least, _STILL),
        severity="error" if sign else "warning", formula="max (k·I + v_leak,soma) > 0 with every wall OFF",
        source="paper, Table I: the soma leaks toward ON; OFF pillars conduct too, so all OFF can hold itself",
        measured=current, required=balance, unit="A", place=place, state="every wall OFF",
    )  # fmt: skip
