"""The signed directory: what a node believes of it, step by step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from linkexchange.errors import MessageFault
from linkexchange.model.directory import KEPT_FOR, TYP, Snapshot, accept
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.participant import Capability, Participant
from linkexchange.signing import Proven

HUB = "https://hub.example"
NOW = datetime(2026, 11, 24, 8, 0, 0, 700, tzinfo=UTC)
ME = Participant(TelematikId("1-2-me"), "Praxis", "https://me.example", ("PACS",), capabilities=(Capability.PULLS,))
TAKEN = Snapshot.of([ME], NOW)


def proven(typ: str = TYP, **changes: Any) -> Proven:
    return Proven(typ, "grant-1", {**TAKEN.claims(HUB), **changes})


def test_a_snapshot_is_read_back_in_whole_seconds() -> None:
    assert accept(proven(), issuer=HUB, now=NOW) == Snapshot(NOW.replace(microsecond=0), (ME,))


def test_what_is_newer_than_this_version_is_passed_over() -> None:
    row = {**ME.to_json(), "capabilities": ["pulls", "flies"], "more": 1}
    assert accept(proven(participants=[row], more=1), issuer=HUB, now=NOW).participants == (ME,)


def test_what_an_older_hub_does_not_say_is_nothing() -> None:
    row = {key: ME.to_json()[key] for key in ("telematik_id", "name", "node_url", "destinations")}
    [read] = accept(proven(participants=[row]), issuer=HUB, now=NOW).participants
    assert (read.capabilities, read.contact, read.hours, read.ae_titles) == ((), "", (), ())


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        ({"typ": "linkexchange-grant+jws"}, 1),
        ({"iss": "https://other.example"}, 1),
        ({"iat": None}, 2),
        ({"iat": 10**30}, 2),
        ({"participants": None}, 2),
        ({"participants": [1]}, 2),
        ({"participants": [{}]}, 2),
        ({"participants": [{**ME.to_json(), "telematik_id": "nobody"}]}, 2),
        ({"iat": int(NOW.timestamp()) + 39}, 3),
        ({"iat": int((NOW - KEPT_FOR).timestamp()) - 1}, 4),
        ({"iat": int(NOW.timestamp()) - 2}, 5),
    ],
    ids=range(11),
)
def test_what_is_wrong_is_refused_with_its_step(changes: dict[str, Any], step: int) -> None:
    with pytest.raises(MessageFault, match=f"step {step}:"):
        accept(proven(**changes), issuer=HUB, now=NOW, newest=TAKEN.issued - timedelta(seconds=1))


def test_the_very_one_that_is_kept_may_come_again() -> None:
    assert accept(proven(), issuer=HUB, now=NOW, newest=TAKEN.issued) == TAKEN
