"""V_DW: the window against a circuit solved by hand, and the paper's rule."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.operating_point import leak_current, nominal_track, resolve_v_dw, v_dw_eq4, v_dw_window
from hwlib.process import load_process

EBEAM = load_process("ebeam")
K = 1.0636e6


def _design(neurons: int, v_dw: str | float = "auto") -> Design:
    return Design(name="d", network={"neurons": neurons}, operating_point={"v_dw": v_dw})


def _axon_current(v_dw: float, neurons: int, r_soma: float, r_m: float) -> float:
    """Track current of one of N − 1 axons, by nodal analysis of V_DW – R – drive – (N − 1) × R_M – ground."""
    g = np.array([1 / r_soma] + [1 / r_m] * (neurons - 1))
    v_drive = v_dw * g[0] / g.sum()
    return v_drive / r_m


def test_published_window_and_rules_at_60():
    i_leak = leak_current(-5.0, nominal_track(_design(60), EBEAM)[0])
    assert i_leak == pytest.approx(4.70e-6, rel=1e-3, abs=0)
    window = v_dw_window(60, i_leak, 500, 2000, 2000)
    assert (window.low, window.high) == pytest.approx((0.148, 0.564), abs=5e-4)
    assert v_dw_eq4(60, i_leak, 500, 2000) == pytest.approx(0.3467, abs=1e-4)
    assert resolve_v_dw(_design(60), EBEAM) == pytest.approx(0.356, abs=5e-4)  # what the authors' programs use
    assert resolve_v_dw(_design(60, "eq4"), EBEAM) == pytest.approx(0.3467, abs=1e-4)
    assert resolve_v_dw(_design(60, 0.2), EBEAM) == 0.2


@pytest.mark.parametrize(("neurons", "inside"), [(2, False), (3, False), (4, True), (60, True)])
def test_eq4_lies_below_the_window_of_tiny_networks(neurons, inside):
    i_leak = 5 / K
    assert v_dw_window(neurons, i_leak, 500, 2000, 2000).contains(v_dw_eq4(neurons, i_leak, 500, 2000)) is inside


@given(st.integers(2, 1000), st.floats(10, 1e5), st.floats(1.01, 10), st.floats(10, 1e5), st.floats(1e-7, 1e-4))
def test_window_edges_are_where_the_axon_current_balances_the_leak(neurons, r_p, ratio, r_m, i_leak):
    window = v_dw_window(neurons, i_leak, r_p, r_p * ratio, r_m)
    assert _axon_current(window.low, neurons, r_p, r_m) == pytest.approx(i_leak, rel=1e-9, abs=0)
    assert _axon_current(window.high, neurons, r_p * ratio, r_m) == pytest.approx(i_leak, rel=1e-9, abs=0)
    assert window.contains(window.centre)
    assert not window.contains(window.low) and not window.contains(window.high)


def test_nominal_track_follows_the_drawn_geometry():
    mobility, r_m = nominal_track(_design(3), EBEAM)
    assert mobility == pytest.approx(K, rel=1e-4, abs=0) and r_m == pytest.approx(2000)
    wide = Design(name="d", network={"neurons": 3}, device={"track_width": 100e-9})
    assert nominal_track(wide, EBEAM) == pytest.approx((mobility / 2, r_m / 2))
    given_r = Design(name="d", network={"neurons": 3}, device={"track_resistance": 3333.0})
    assert nominal_track(given_r, EBEAM)[1] == pytest.approx(3333)


def test_v_dw_serves_the_largest_and_the_smallest_fan_out_and_asks_nothing_of_neurons_without_axons():
    """Fan-outs 3, 1, 0 and 0: from 3·500 + 2000 Ω to 1·2000 + 2000 Ω, times the current of the leak."""
    network = {"neurons": 4, "topology": {"axons": [(0, 1), (0, 2), (0, 3), (1, 0)]}}
    volts = resolve_v_dw(Design(name="d", network=network), EBEAM)
    assert volts == pytest.approx(5 / nominal_track(_design(4), EBEAM)[0] * (3500 + 4000) / 2, rel=1e-9, abs=0)


@pytest.mark.parametrize(
    ("neurons", "r_ap", "said"),
    [
        (-3, 2000, "neurons: -3, allowed"), (3.5, 2000, "neurons: 3.5"), ("3", 2000, "neurons: '3'"),
        (3, 400, "r_ap: 400 ohm"),
    ],
)  # fmt: skip
def test_no_window_of_what_cannot_be(neurons, r_ap, said):
    """-3 neurons had a window from -1 to -7 mV."""
    with pytest.raises(InputError, match=f"^{said}"):
        v_dw_window(neurons, 1e-6, 500, r_ap, 1000)
