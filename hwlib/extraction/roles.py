"""Names of nets from labels, and roles of devices from the nets at their terminals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwlib.drawing.net_labels import NetLabel
from hwlib.errors import InputError, shown
from hwlib.extraction.compose import Assembly
from hwlib.nets import DENDRITE, DRIVE, GROUND, LINE, RAIL, V_DW, Net, of_classes, parse_net, rank
from hwlib.network import DW_IN, DW_OUT, MTJ_IN, MTJ_OUT, TERMINALS
from hwlib.topology import Topology

_EXPECTED = {  # terminal classes of a device: DW_IN, DW_OUT, MTJ_IN, MTJ_OUT
    "axon": "an axon has a drive, gnd, a weight and a dendrite there",
    "soma": "a soma has a dendrite, gnd, vdw and a drive there",
}


@dataclass
class NetNames:
    """Net names in order; ``net_of_piece`` gives the net of each piece of conductor (−1: no label)."""

    names: tuple[str, ...]
    net_of_piece: np.ndarray
    pin_node: np.ndarray


def name_pieces(assembly: Assembly) -> NetNames:
    """Name every piece of conductor by the labels on it.

    Raises:
        InputError: two names on one piece (a short), a label on no wire, or a dendrite or drive in two pieces.
    """
    drawing = assembly.drawing
    label_of: dict[int, NetLabel] = {}
    pieces_of: dict[str, dict[int, NetLabel]] = {}
    pins = []
    for part in assembly.parts:
        if not part.labels:
            continue
        own = part.net.pin_node
        for off in np.flatnonzero(own < 0)[:1].tolist():
            label = part.labels[0][off]
            where = drawing.where(label.x, label.y)
            raise InputError(f"label {shown(label.name)} at {where} touches no {label.layer} wire")
        nodes, nets = part.nodes(own), part.nets(part.net.net[own])
        for k, labels in enumerate(part.labels):
            for n, label in enumerate(labels):
                pins.append(int(nodes[k, n]))
                piece = int(assembly.piece[nets[k, n]])
                first = label_of.setdefault(piece, label)
                if first.name != label.name:
                    raise InputError(
                        f"nets {first.name} and {label.name} are shorted (labels at "
                        f"{drawing.where(first.x, first.y)} and {drawing.where(label.x, label.y)})"
                    )
                pieces_of.setdefault(label.name, {}).setdefault(piece, label)
    for name, pieces in pieces_of.items():
        if len(pieces) > 1 and _net(name).net_class.one_piece:
            places = " and ".join(drawing.where(x.x, x.y) for x in list(pieces.values())[:2])
            raise InputError(f"net {name} is open: {len(pieces)} separate pieces are labelled so, at {places}")
    names = sorted(pieces_of, key=lambda name: rank(_net(name)))
    number = {name: k for k, name in enumerate(names)}
    net_of_piece = np.full(assembly.pieces, -1, np.int32)
    for piece, label in label_of.items():
        net_of_piece[piece] = number[label.name]
    return NetNames(tuple(names), net_of_piece, np.array(pins, np.int64))


def _net(name: str) -> Net:
    net = parse_net(name)
    assert net is not None  # only such labels are read
    return net


def device_roles(assembly: Assembly, names: NetNames, pieces: np.ndarray, shape: np.ndarray,
                 topology: Topology) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Post- and presynaptic neuron of each device, from its nets.

    Args:
        assembly: for messages.
        names: of the pieces.
        pieces: piece of conductor at each terminal, shape (devices, 4).
        shape: device places in the first two columns, dbu.
        topology: of the design.

    Raises:
        InputError: an unlabelled net, terminals that make neither an axon nor a soma, or devices that are not the
            topology's.
    """
    nets = names.net_of_piece[pieces]
    open_ = np.argwhere(nets < 0)
    if len(open_):
        raise InputError(_open_terminal(assembly, names, nets, shape, open_))
    parsed = [_net(name) for name in names.names]
    neuron = np.array([p.neuron for p in parsed], np.int32)[nets]
    dendrite, drive = of_classes(parsed, DENDRITE)[nets], of_classes(parsed, DRIVE)[nets]
    ground = of_classes(parsed, GROUND)[nets[:, DW_OUT]]
    axon = ground & drive[:, DW_IN] & dendrite[:, MTJ_OUT] & of_classes(parsed, RAIL, LINE)[nets[:, MTJ_IN]]
    soma = ground & dendrite[:, DW_IN] & drive[:, MTJ_OUT] & of_classes(parsed, V_DW)[nets[:, MTJ_IN]]
    strange = np.flatnonzero(~(axon | soma))
    if len(strange):
        k = strange[0]
        found = ", ".join(f"{t} on {names.names[n]}" for t, n in zip(TERMINALS, nets[k], strict=True))
        role = "soma" if dendrite[k, DW_IN] else "axon"
        raise InputError(f"{_device(assembly, shape, k)} has {found}; {_EXPECTED[role]}")
    post = np.where(axon, neuron[:, MTJ_OUT], neuron[:, DW_IN])
    pre = np.where(axon, neuron[:, DW_IN], neuron[:, MTJ_OUT])
    _complete(assembly, shape, axon, post, pre, topology)
    return post.astype(np.int32), pre.astype(np.int32)


def _device(assembly: Assembly, shape: np.ndarray, k: int) -> str:
    return f"device at {assembly.drawing.where(*shape[k, :2])}"


def _open_terminal(assembly: Assembly, names: NetNames, nets: np.ndarray, shape: np.ndarray,
                   open_: np.ndarray) -> str:  # fmt: skip
    k, terminal = (int(v) for v in open_[0])
    known = ", ".join(f"{t} on {names.names[n]}" for t, n in zip(TERMINALS, nets[k], strict=True) if n >= 0)
    more = f"; {len(open_) - 1} more terminals like it" if len(open_) > 1 else ""
    return (f"{_device(assembly, shape, k)}: {TERMINALS[terminal]} is on a net without label (an open wire, a missing "
            f"via or label); it has {known or 'no labelled terminal'}{more}")  # fmt: skip


def _complete(assembly: Assembly, shape: np.ndarray, axon: np.ndarray, post: np.ndarray, pre: np.ndarray,
              topology: Topology) -> None:  # fmt: skip
    neurons = topology.neurons
    largest = int(max(post.max(initial=-1), pre.max(initial=-1)))
    if largest >= neurons:
        raise InputError(f"the layout has a neuron {largest}, the design has {neurons} (0 to {neurons - 1})")
    crossed = np.flatnonzero(axon == (post == pre))
    if len(crossed):
        k = crossed[0]
        what = (
            f"an axon of neuron {pre[k]} onto itself"
            if axon[k]
            else f"a soma from dendrite {post[k]} to drive {pre[k]}"
        )
        raise InputError(f"{_device(assembly, shape, k)} is {what}")
    code, pairs = post.astype(np.int64) * neurons + pre, neurons * neurons
    count, wanted = np.bincount(code, minlength=pairs), np.zeros(pairs, bool)
    wanted[np.ravel_multi_index(topology.ends, (neurons, neurons))] = True
    missing, strange, twice = (
        np.flatnonzero(each) for each in (wanted & (count == 0), ~wanted & (count > 0), count > 1)
    )  # fmt: skip
    for what, where in (("missing", missing), ("none of the design", strange), ("there twice", twice)):
        if len(where):
            i, j = divmod(int(where[0]), neurons)
            which = f"the soma of neuron {i}" if i == j else f"the axon {j}→{i}"
            have = "all-to-all have" if topology.complete else "of this topology have"
            which += f" and {len(where) - 1} more are" if len(where) > 1 else " is"
            raise InputError(f"{which} {what}: {len(post)} devices, {neurons} neurons {have} {topology.devices}")
