"""What the switchboard shows, from the world as it is."""

from __future__ import annotations

from collections.abc import Mapping

from ti_adapter.simulator.state import State
from ti_adapter.simulator.world.faults import Faults
from ti_adapter.simulator.world.world import World


def state_of(world: World, faults: Mapping[str, Faults]) -> State:
    """The state now."""
    return State(
        {name: sorted(one.on) for name, one in faults.items() if one.on},
        {name: condition.requests for name, condition in world.conditions.items()},
        {name: site.konnektor.signatures for name, site in world.sites.items()},
        {name: site.pin or "missing" for name, site in world.sites.items()},
    )
