"""The DW-MTJ as a SPICE subcircuit: every number is a parameter, the wall is the voltage of a node."""

from __future__ import annotations

from sim.protocol import REST_SPEED

CLAMP = 1e-3  # share of L over which a wall slows down before an end of its track; the price of a smooth clamp

DEVICE = f"""* Four-terminal domain-wall magnetic tunnel junction (DW-MTJ), kinematic wall.
*
* dw_in dw_out    the track's ends; current from dw_in to dw_out moves the wall toward ON
* mtj_in mtj_out  the pillar
* q               wall position as a share of L, in volts: 0 at dw_in (OFF), 1 at dw_out (ON)
* busy            carries 1 A for every wall that is not at rest
*
* length width centre   L, pillar width, pillar centre from dw_in, in m
* mobility leak         wall velocity per track current in m/s per A, leak velocity in m/s
* r_track r_p r_ap      ohm
* q0                    where the wall starts, share of L
* clamp                 share of L over which the wall slows down before an end
* rest                  a slower wall is at rest, m/s
*
* The state is the charge of a capacitor of 1 nF: 1 A through it is 1 V/ns, that is L per ns.
.subckt dwmtj dw_in dw_out mtj_in mtj_out q busy length=100n width=20n centre=50n mobility=1.0636e6 leak=0
+ r_track=2k r_p=500 r_ap=2k q0=0 clamp={CLAMP:g} rest={REST_SPEED:g}
Rtrack dw_in dw_out {{r_track}}
Bfree free 0 V = ({{mobility}}*V(dw_in,dw_out)/{{r_track}} + {{leak}})/{{length}}*1n
Bspeed speed 0 V = V(free) > 0 ? V(free)*max(min((1-V(q))/{{clamp}},1),0) : V(free)*max(min(V(q)/{{clamp}},1),0)
Bmove 0 q I = V(speed)
Cwall q 0 1n ic={{q0}}
Bon on 0 V = max(min((V(q)*{{length}}-({{centre}}-{{width}}/2))/{{width}},1),0)
Bpillar mtj_in mtj_out I = V(mtj_in,mtj_out)*(V(on)/{{r_p}} + (1-V(on))/{{r_ap}})
Bbusy 0 busy I = abs(V(speed)) > {{rest}}/{{length}}*1n ? 1 : 0
.ends dwmtj
"""
