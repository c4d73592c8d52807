"""F-17: a line that is cut anywhere, or that is bad all the time, costs time and nothing else.

Cut points are random and repeatable. `LINKEXCHANGE_CUTS` says how many of each kind, `LINKEXCHANGE_SEED` which; the
long run takes 200.
"""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest
from faults.whole import Line, instances, stage
from world import World

from linkexchange.conform import Cut, How, Pace, Way

if TYPE_CHECKING:
    from conftest import Server

pytestmark = pytest.mark.slow

STUDY = instances(8)
CUTS = int(os.environ.get("LINKEXCHANGE_CUTS", "1"))
FROM_ARCHIVE_BYTES, TO_DESTINATION_BYTES = 14_000, 14_000
"""What a pull of this study carries each way, negotiation included: cuts fall anywhere in it."""
ATTEMPTS = 20
"""As often as the queue tries by default: towards silent lines our patience is short, and the machine may be busy."""
_RANDOM = random.Random(int(os.environ.get("LINKEXCHANGE_SEED", "77")))


def points(most: int) -> list[int]:
    return [_RANDOM.randrange(most) for _ in range(CUTS)]


@pytest.mark.parametrize("how", [How.RESET, How.HALF_CLOSE, How.HANG])
@pytest.mark.parametrize("at", points(FROM_ARCHIVE_BYTES))
def test_f_17_between_the_archive_and_its_node(how: How, at: int, world: World, postgres: Server) -> None:
    with stage(world, postgres, STUDY, far=Line(Cut(how, at))) as play:
        assert play.pull(attempts=ATTEMPTS) == ("complete", "")
        assert play.violations() == []


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("how", [How.RESET, How.HALF_CLOSE, How.HANG])
@pytest.mark.parametrize("at", points(TO_DESTINATION_BYTES))
def test_f_17_between_the_other_node_and_the_destination(
    how: How, at: int, way: Way, world: World, postgres: Server
) -> None:
    point = at if way is Way.TO_TARGET else at // 10
    with stage(world, postgres, STUDY, near=Line(Cut(how, point, way))) as play:
        assert play.pull(attempts=ATTEMPTS) == ("complete", "")
        assert play.violations() == []


BAD_LINES = {
    "one byte at a time": Pace(slice_bytes=1),
    "300 ms later": Pace(delay_seconds=0.3),
    "256 kbit/s": Pace(slice_bytes=1024, bytes_per_second=32_000),
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_f_17_a_bad_line_brings_everything_at_the_first_attempt(name: str, world: World, postgres: Server) -> None:
    line = Line(pace=BAD_LINES[name])
    with stage(world, postgres, STUDY[:2], near=line, far=line) as play:
        assert play.pull() == ("complete", "")
        assert play.violations() == []
        assert play.attempts == 1
