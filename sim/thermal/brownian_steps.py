"""Displacements of walls between the ends of their tracks: a drift that is held, and a Brownian path, reflected.

At an end the motion is the Skorokhod reflection of the free one: the wall is pushed back by as much as its free path
went beyond. The farthest point of that path is drawn with the path's end given (a Brownian bridge), so that the law of
the place is exact at one end for any step: Asmussen, Glynn & Pitman, Ann. Appl. Probab. 5, 875 (1995). Steps are small
against the track, so that in each only the nearer end is met.
"""

from __future__ import annotations

import numpy as np

from sim.thermal.thermal_jit import compiled


@compiled()
def displace(place, length, speed, spread, time, normal, uniform, pushed):
    """Move walls by some increments of time, each of length ``time``; speeds are held.

    Args:
        place: m, changed in place, shape (walls,).
        length: of the tracks in m, shape (walls,).
        speed: m/s, shape (walls,).
        spread: √(2D) in m/√s, shape (walls,).
        time: of an increment in s.
        normal: standard normal numbers, shape (increments, walls).
        uniform: numbers in (0, 1), shape (increments, walls).
        pushed: how far ends of tracks pushed walls in each increment, toward ON, in m, shape (increments, walls); set.
    """
    root = np.sqrt(time)
    for wall in range(len(place)):
        q, end, drift, scale = place[wall], length[wall], speed[wall] * time, spread[wall] * root
        for k in range(len(normal)):
            way = drift + scale * normal[k, wall]
            noise = 2 * scale * scale
            push = 0.0
            if q <= end - q:
                if q + way <= 0 or q * (q + way) < 20 * noise:  # else it is met with a chance below e⁻⁴⁰
                    farthest = 0.5 * (way - np.sqrt(way * way - noise * np.log(uniform[k, wall])))
                    push = max(0.0, -(q + farthest))
            else:
                room = end - q
                if way >= room or room * (room - way) < 20 * noise:
                    farthest = 0.5 * (way + np.sqrt(way * way - noise * np.log(uniform[k, wall])))
                    push = min(0.0, room - farthest)
            there = q + way + push
            q = min(max(there, 0.0), end)  # the farther end: in long steps alone
            pushed[k, wall] = push + (q - there)
        place[wall] = q
