"""Code of the sweep along rows of coupled ladders, generated for a number of rails.

What is carried along is a matrix for each row, A = [[Z, T], [Tᵀ, −C]]. Currents drive the ends reached so far (the
dendrite's, 0, the rails', 1 … R) and the soma's port (R + 1); voltages drive the rails' first ports (R + 2 … 2R),
counted from that of the first rail. An end moves on through a wire: its diagonal entry grows by the wire's ohms. A
pillar of conductance g from the dendrite's end to a rail's takes z zᵀ g/(1 + g q) from A, with z the difference of
their columns and q the resistance between them. At last the ends are turned to ports by exchanging their currents and
voltages, which makes A the negative conductances between all ports.

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

# Rows of ``CoupledLadders.fixed`` behind the rails' first and last wires.
FAR_END, INTO_SOMA, OUT_OF_SOMA, BESIDE_SOMA = range(4)
_TABLES = ("wire", "rail", "event", "fixed", "soma", "siemens", "s", "s2")


class _Sweep:
    """Writes the code for one batch; ``tables``: addresses of the arrays' data by name."""

    def __init__(self, builder: Any, rails: int, tables: dict[str, Any], batch: Any):
        self.builder, self.rails, self.tables, self.batch = builder, rails, tables, batch
        self.soma, self.size = rails + 1, 2 * rails + 1
        self.a, self.a2 = SymmetricLanes(builder, self.size), SymmetricLanes(builder, self.size)
        self.soma_step = load_words(builder, tables["soma"], row_of(builder, (batch, 1)))

    def _fixed(self, which: int) -> Lanes:
        at = row_of(self.builder, (self.batch, 1), (which, 2 * self.rails + 4))
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

    def pass_soma(self, step: Any) -> None:
        """In rows whose soma's port comes before this step: it is where the dendrite's end is."""
        here, behind = equals(self.builder, self.soma_step, step), 2 * self.rails
        at_port = self.a[0, 0] + self._fixed(behind + INTO_SOMA)
        for matrix, own in ((self.a, at_port), (self.a2, self.a2[0, 0])):
            for i in range(1, self.size):
                if i != self.soma:
                    matrix[self.soma, i] = matrix[0, i].where(here, matrix[self.soma, i])
            matrix[self.soma, 0] = own.where(here, matrix[self.soma, 0])
            matrix[self.soma, self.soma] = own.where(here, matrix[self.soma, self.soma])
        self._grow(self.soma, self._fixed(behind + BESIDE_SOMA).where(here, 0.0))
        self.a[0, 0] = (at_port + self._fixed(behind + OUT_OF_SOMA)).where(here, self.a[0, 0])

    def add_pillar(self, step: Any) -> None:
        """Move on to the next pillar of each row, and add it."""
        along, beside, series, chosen, g = self._step(step)
        self._grow(0, along)
        self._grow_rail(chosen, beside)
        (rail, own), (rail2, own2) = (self._rail_column(matrix, chosen) for matrix in (self.a, self.a2))
        z = [self.a[i, 0] - rail[i] for i in range(self.size)]
        z2 = [self.a2[i, 0] - rail2[i] for i in range(self.size)]
        q, q2 = z[0] - (rail[0] - own), z2[0] - (rail2[0] - own2)
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
        with builder.if_then(builder.icmp_unsigned("!=", event, event.type(0)), likely=False):
            sweep.pass_soma(builder.sub(step, first))
        sweep.add_pillar(step)
    sweep.pass_soma(builder.sub(last, first))
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
