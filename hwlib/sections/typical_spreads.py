"""Spreads that a design may name ``typical``, each with its source; ``estimate`` where no published number is known."""

from __future__ import annotations

from typing import Any

TYPICAL = "typical"
TYPICAL_SPREADS: dict[str, dict[str, Any]] = {
    "resistance_area": {
        "sigma": 0.05, "die": 0.3,
        "source": "estimate: 8 pm of an MgO barrier of 0.39 eV (Yuasa et al., Nat. Mater. 3, 868 (2004)), exp(6.4/nm)",
    },
    "tmr": {"sigma": 0.03, "source": "estimate: 3 % from device to device"},
    "saturation_magnetization": {"sigma": 0.02, "die": 0.5, "source": "estimate: 2 %, half of it common to a chip"},
    "leak": {"sigma": 0.1, "source": "estimate: 10 %; no device with an engineered leak has published a spread"},
    "width": {"sigma": 0.04, "source": "ITRS 2013, lithography: critical dimensions 12 % (3 sigma)"},
    "thickness": {"sigma": 0.01, "die": 1.0, "source": "estimate: 1 % over a wafer, for films sputtered at 300 mm"},
    "pillar_place": {
        "sigma": "1.9 nm", "die": 0.5,
        "source": "ITRS 2013, lithography: overlay 5.7 nm (3 sigma) at 28 nm half pitch; die: an estimate",
    },
    "sheet_resistance": {
        "sigma": 0.076, "die": 0.9,
        "source": "IHP SG13G2 process specification 1.2, RSMET1 85 to 135 of 110 mohm, as 3 sigma; die: an estimate",
    },
    "via_resistance": {
        "sigma": 0.23, "die": 0.5,
        "source": "IHP SG13G2 process specification 1.2, RVIA1 5 to 20 ohm, 3 sigma of its logarithm; die: estimate",
    },
}  # fmt: skip


def named_spreads(given: dict[str, Any]) -> dict[str, Any]:
    """The fields of a design's spreads, with the numbers of those that are called ``typical``."""
    return {
        name: TYPICAL_SPREADS[name] if value == TYPICAL and name in TYPICAL_SPREADS else value
        for name, value in given.items()
    }
