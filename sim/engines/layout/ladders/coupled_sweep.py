"""Code of the sweep along rows of coupled ladders, generated for a number of rails.

What is carried along is a matrix for each row, A = [[Z, T], [Tᵀ, −C]]. Currents drive the ends reached so far (the
dendrite's, 0, the rails', 1 … R) and the soma's port (R + 1); voltages drive the rails' first ports (R + 2 … 2R),
counted from that of the first rail. An end moves on through a wire: its diagonal entry grows by the wire's ohms. A
pillar of conductance g from the dendrite's end to a rail's takes z zᵀ g/(1 + g q) from A, with z the difference of
their columns and q the resistance between them. Where its soma's port is, a dendrite goes on through a junction of
wires: the step that comes there adds the port, the tap of the step's pillar and the end behind by their resistances
from the end before (``junctions``), and drops the tap again. At last the ends are turned to ports by exchanging their
currents and voltages, which makes A the negative conductances between all ports.

The derivative when all pillars grow alike (their own resistance, without the wire in series) is carried beside it.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from sim.engines.vector_code import (
    WORD,
    Lanes,
    SymmetricLanes,
    equals,
    load_bytes,
    load_reals,
    load_words,
    row_of,
    store_reals,
)

# Rows of ``CoupledLadders.fixed`` behind the rails' first and last wires: the wire to the dendrite's far end, then the
# resistances that two nodes of the junction share from the end before: the soma's port (S), the tap (T), the end (E).
FAR_END, S_S, S_E, E_E, S_T, T_E, T_T = range(7)
FIXED = 7
_TABLES = ("wire", "rail", "event", "fixed", "soma", "siemens", "s", "s2")


class _Sweep:
    """Writes the code for one batch; ``tables``: addresses of the arrays' data by name."""

    def __init__(self, builder: Any, rails: int, tables: dict[str, Any], batch: Any):
        self.builder, self.rails, self.tables, self.batch = builder, rails, tables, batch
        self.soma, self.size = rails + 1, 2 * rails + 1
        self.a, self.a2 = SymmetricLanes(builder, self.size), SymmetricLanes(builder, self.size)
        self.soma_step = load_words(builder, tables["soma"], row_of(builder, (batch, 1)))

    def _fixed(self, which: int) -> Lanes:
        at = row_of(self.builder, (self.batch, 1), (which, 2 * self.rails + FIXED))
        return load_reals(self.builder, self.tables["fixed"], at)

    def _step(self, step: Any) -> tuple[Lanes, Lanes, Lanes, list[Any], Lanes]:
        """Wires of a step's pillars along the dendrite, along the rail and in series; masks of rails; conductances."""
        builder, tables = self.builder, self.tables
        along, beside, series = (
            load_reals(builder, tables["wire"], row_of(builder, (step, 1), (k, 3))) for k in range(3)
        )
        rail = load_bytes(builder, tables["rail"], row_of(builder, (step, 1)))
        chosen = [equals(builder, rail, k) for k in range(self.rails)]
        return along, beside, series, chosen, load_reals(builder, tables["siemens"], row_of(builder, (step, 1)))

    def _grow(self, end: int, ohm: Lanes) -> None:
        self.a[end, end] = self.a[end, end] + ohm

    def _grow_rail(self, chosen: list[Any], ohm: Lanes) -> None:
        for k in range(self.rails):
            self._grow(1 + k, ohm.where(chosen[k], 0.0))

    def _of_rail(self, values: list[Lanes], chosen: list[Any]) -> Lanes:
        """The chosen rail's among values of all rails."""
        found = values[0]
        for k in range(1, self.rails):
            found = values[k].where(chosen[k], found)
        return found

    def _rail_column(self, matrix: SymmetricLanes, chosen: list[Any]) -> tuple[list[Lanes], Lanes]:
        """Column of the chosen rail's end, and its diagonal entry."""
        rails = range(1, 1 + self.rails)
        column = [self._of_rail([matrix[i, k] for k in rails], chosen) for i in range(self.size)]
        return column, self._of_rail([matrix[k, k] for k in rails], chosen)

    def begin(self, first: Any) -> None:
        """Rails behind their first wires, and the dendrite behind its first pillar."""
        for k in range(self.rails):
            self.a[1 + k, 1 + k] = self._fixed(k)
            if k:
                self.a[1 + k, self.soma + k] = 1.0
        _, beside, series, chosen, siemens = self._step(first)
        self._grow_rail(chosen, beside)
        column, own = self._rail_column(self.a, chosen)
        ohm = siemens.reciprocal()
        for i in range(1, self.size):
            self.a[0, i] = column[i]
        self.a[0, 0], self.a2[0, 0] = own + ohm, series - ohm

    def _open(self, here: Any, along: Lanes | float) -> tuple[Lanes, Lanes, list[Lanes], list[Lanes]]:
        """Move on along the dendrite: in rows that are ``here`` through their junction, in others through a wire.

        Returns:
            Of the tap at which a pillar then stands: its diagonal entries in both matrices, and its columns.
        """
        behind, soma, end = 2 * self.rails, self.soma, self.a[0, 0]
        ohm = {k: self._fixed(behind + k) for k in range(1, FIXED)}
        tap, tap2 = self.a.column(0), self.a2.column(0)
        own, own2 = end + ohm[T_T].where(here, along), self.a2[0, 0]
        tap[0] = end + ohm[T_E].where(here, along)
        tap[soma], tap2[soma] = (end + ohm[S_T]).where(here, tap[soma]), own2.where(here, tap2[soma])
        for i in range(1, self.size):
            if i != soma:
                for matrix in (self.a, self.a2):
                    matrix[soma, i] = matrix[0, i].where(here, matrix[soma, i])
        self.a[soma, 0] = (end + ohm[S_E]).where(here, self.a[soma, 0])
        self.a[soma, soma] = (end + ohm[S_S]).where(here, self.a[soma, soma])
        self.a2[soma, 0] = own2.where(here, self.a2[soma, 0])
        self.a2[soma, soma] = own2.where(here, self.a2[soma, soma])
        self.a[0, 0] = end + ohm[E_E].where(here, along)
        return own, own2, tap, tap2

    def pass_junction(self, step: Any, place: Any) -> None:
        """Move on to the next pillar of each row where some rows pass their junction, and add it."""
        along, beside, series, chosen, g = self._step(step)
        self._grow_rail(chosen, beside)
        own, own2, tap, tap2 = self._open(equals(self.builder, self.soma_step, place), along)
        self._join(tap, own, tap2, own2, series, chosen, g)

    def end_at_soma(self, place: Any) -> None:
        """In rows whose soma's port comes after all pillars."""
        self._open(equals(self.builder, self.soma_step, place), 0.0)

    def add_pillar(self, step: Any) -> None:
        """Move on to the next pillar of each row, and add it."""
        along, beside, series, chosen, g = self._step(step)
        self._grow(0, along)
        self._grow_rail(chosen, beside)
        self._join(self.a.column(0), self.a[0, 0], self.a2.column(0), self.a2[0, 0], series, chosen, g)

    def _join(
        self, tap: list[Lanes], tap_own: Lanes, tap2: list[Lanes], tap_own2: Lanes, series: Lanes, chosen: list[Any],
        g: Lanes,
    ) -> None:  # fmt: skip
        """Add a pillar between a tap, of which columns and diagonal entries are given, and the chosen rail's end."""
        (rail, own), (rail2, own2) = (self._rail_column(matrix, chosen) for matrix in (self.a, self.a2))
        z = [tap[i] - rail[i] for i in range(self.size)]
        z2 = [tap2[i] - rail2[i] for i in range(self.size)]
        rails = slice(1, 1 + self.rails)
        both, both2 = self._of_rail(tap[rails], chosen), self._of_rail(tap2[rails], chosen)
        q, q2 = (tap_own - both) - (both - own), (tap_own2 - both2) - (both2 - own2)
        share = (g * q + 1.0).reciprocal()
        factor = g * share
        change = factor * (q2 + series) - share
        v = [factor * each for each in z]
        w = [each2 - change * each for each, each2 in zip(z, z2, strict=True)]
        for i in range(self.size):
            for j in range(i + 1):
                self.a[i, j] = self.a[i, j] - v[i] * z[j]
                self.a2[i, j] = self.a2[i, j] - v[i] * w[j] - z2[i] * v[j]

    def _exchange(self, k: int) -> None:
        """Drive end k by a voltage instead of a current; one without a port has an infinite wire, and goes."""
        p = self.a[k, k].reciprocal()
        p2 = -(p * p * self.a2[k, k])
        u, u2 = self.a.column(k), self.a2.column(k)
        v = [p * each for each in u]
        v2 = [p2 * each + p * each2 for each, each2 in zip(u, u2, strict=True)]
        others = [i for i in range(self.size) if i != k]
        for i in others:
            for j in others:
                if j <= i:
                    self.a[i, j] = self.a[i, j] - v[i] * u[j]
                    self.a2[i, j] = self.a2[i, j] - v2[i] * u[j] - v[i] * u2[j]
        for i in others:
            self.a[i, k], self.a2[i, k] = v[i], v2[i]
        self.a[k, k], self.a2[k, k] = -p, -p2

    def end(self) -> None:
        """Wires from the ends to their ports; conductances between all ports."""
        for k in range(self.rails):
            self._grow(1 + k, self._fixed(self.rails + k))
        self._grow(0, self._fixed(2 * self.rails + FAR_END))
        for k in range(self.rails + 2):
            self._exchange(k)
        self._write(self.a, self.tables["s"])
        self._write(self.a2, self.tables["s2"])

    def _write(self, matrix: SymmetricLanes, data: Any) -> None:
        """Conductances are −A; those to the first rail's first port, the last one, make their sums zero."""
        ports = self.size + 1
        pairs = ports * (ports + 1) // 2

        def put(i: int, j: int, value: Lanes) -> None:
            at = row_of(self.builder, (self.batch, 1), (i * (i + 1) // 2 + j, pairs))
            store_reals(self.builder, data, at, value)

        total = None
        for i in range(self.size):
            sums = matrix[i, 0]
            for j in range(1, self.size):
                sums = sums + matrix[i, j]
            for j in range(i + 1):
                put(i, j, -matrix[i, j])
            put(self.size, i, sums)
            total = sums if total is None else total + sums
        assert total is not None
        put(self.size, self.size, -total)


def _generate(builder: Any, rails: int, tables: dict[str, Any], batch: Any, first: Any, last: Any) -> None:
    sweep = _Sweep(builder, rails, tables, batch)
    sweep.begin(first)
    with cgutils.for_range_slice(builder, builder.add(first, WORD(1)), last, WORD(1)) as (step, _):
        event = builder.load(builder.gep(tables["event"], [step]))
        passing = builder.icmp_unsigned("!=", event, event.type(0))
        with builder.if_else(passing, likely=False) as (here, elsewhere):
            with here:
                sweep.pass_junction(step, builder.sub(step, first))
            with elsewhere:
                sweep.add_pillar(step)
    sweep.end_at_soma(builder.sub(last, first))
    sweep.end()


@intrinsic(prefer_literal=True)
def sweep_batch(context, rails, wire, rail, event, fixed, soma, siemens, s, s2, batch, first, last):
    """In compiled code: one batch of ``CoupledLadders``, its steps ``first`` … ``last`` − 1, into ``s`` and ``s2``.

    The number of rails is a constant; the arrays are those of ``CoupledLadders`` and ``CoupledState``.
    """
    arrays = wire, rail, event, fixed, soma, siemens, s, s2

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kinds = signature.args[1 : 1 + len(arrays)]
        data = [
            context.make_array(kind)(context, builder, value).data
            for kind, value in zip(kinds, values[1:], strict=False)
        ]
        tables = dict(zip(_TABLES, data, strict=True))
        _generate(builder, signature.args[0].literal_value, tables, *values[1 + len(arrays) :])
        return context.get_dummy_value()

    return types.void(rails, *arrays, types.int64, types.int64, types.int64), generate


@intrinsic(prefer_literal=True)
def batch_powers(context, rails, s, s2, room, batch):
    """In compiled code: powers of one batch for the potentials in ``room``, into it; see ``CoupledState``."""
    arrays = s, s2, room

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kinds = signature.args[1 : 1 + len(arrays)]
        own, own2, room_data = (
            context.make_array(kind)(context, builder, value).data
            for kind, value in zip(kinds, values[1:], strict=False)
        )
        _powers(builder, 2 * signature.args[0].literal_value + 2, own, own2, room_data, values[-1])
        return context.get_dummy_value()

    return types.void(rails, *arrays, types.int64), generate


def _powers(builder: Any, ports: int, s: Any, s2: Any, room: Any, batch: Any) -> None:
    pairs = ports * (ports + 1) // 2

    def place(which: int, port: int) -> Any:
        return row_of(builder, (0, 1), (which, 3), (port, ports))

    volt = [load_reals(builder, room, place(0, i)) for i in range(ports)]
    sums: list[Lanes] = []
    for matrix in (s, s2):
        entry = {}
        for i in range(ports):
            for j in range(i + 1):
                at = row_of(builder, (batch, 1), (i * (i + 1) // 2 + j, pairs))
                entry[i, j] = entry[j, i] = load_reals(builder, matrix, at)
        total = None
        for i in range(ports):
            current = entry[i, 0] * volt[0]
            for j in range(1, ports):
                current = current + entry[i, j] * volt[j]
            flow = volt[i] * current
            if matrix is s:
                store_reals(builder, room, place(1, i), flow)
            total = flow if total is None else total + flow
        assert total is not None
        sums.append(total)
    for k, total in enumerate(sums):
        store_reals(builder, room, place(2, k), total)
