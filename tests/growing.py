"""A hospital of a `World` that looks for newer images beside a serving, here in the same thread."""

from __future__ import annotations

from dataclasses import replace

from world import HOSPITAL, PRACTICE, World

from linkexchange.growth import Growth
from linkexchange.turnstile import Turnstile


def look_for_growth(world: World) -> None:
    """From now on, for whatever the practice pulls."""
    turnstile = Turnstile(world.nodes, HOSPITAL, world.clock, wait_seconds=0)
    wire = world.wires[PRACTICE]
    wire.origin = replace(wire.origin, growth=Growth(turnstile, lambda _: world.pacs[HOSPITAL], lambda look: look()))
