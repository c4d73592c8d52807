from __future__ import annotations

import pytest

from linkexchange.errors import SpoolFull
from linkexchange.spool.room import Room


def test_what_waits_and_what_is_coming_share_the_room() -> None:
    room = Room(100, lambda: 40)
    with room.claim() as one, room.claim() as two:
        one.more(30)
        with pytest.raises(SpoolFull):
            two.more(30)
        two.more(20)


def test_what_was_not_kept_gives_its_room_back() -> None:
    room = Room(100, lambda: 0)
    for _ in range(3):
        with room.claim() as claim:
            claim.more(90)


def test_what_was_kept_counts_for_those_who_have_asked_before() -> None:
    room = Room(100, lambda: 0)
    with room.claim() as early:
        with room.claim() as claim:
            claim.more(60)
            claim.kept = True
        with pytest.raises(SpoolFull):
            early.more(60)


def test_where_there_is_no_room_at_all_it_is_said_before_the_first_byte() -> None:
    with pytest.raises(SpoolFull), Room(100, lambda: 100).claim():
        pass
