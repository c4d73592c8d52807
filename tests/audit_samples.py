"""An audit entry of every action, with all of its fields and with no more than it must have, at node and hub."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from linkexchange.model.audit import GRAMMAR, NUMBERS, Action, AuditEntry, chain
from linkexchange.model.identifiers import TelematikId
from linkexchange.trail.event import Event, Observer, event_of

NODE = TelematikId("1-20012345678")
OTHER = TelematikId("5-2-87654321")
OBSERVERS = (
    Observer(str(NODE), "https://node.example:8443"),
    Observer("https://hub.example:9443", "https://hub.example:9443", is_hub=True),
)
AT = datetime(2026, 11, 24, 8, 2, 30, 250000, tzinfo=UTC)
VALUES: dict[str, str] = {
    "transfer": "9b2f4a0e-5f0a-4a77-9a3f-0c8a5d6e7f80",
    "link": "4c0d1f52-2f0e-4b7e-9d55-1f5d7c0a9b11",
    "study": "1.2.276.0.7230010.3.1.2.1",
    "origin": OTHER,
    "requester": OTHER,
    "receiver": OTHER,
    "sender": OTHER,
    "user": "Dr. Ä. Müller & Söhne",
    "authority": "record",
    "hash": "81553dbca43a72c01bdefdd8cccedc61c25818da39875aa1bfd0f7c36b51e76f",
}
STATES = ("complete", "partial", "failed", "stopped")


def entry(action: Action, **fields: str | int) -> AuditEntry:
    return chain(NODE, None, action=action, fields=fields, at=AT)


def fields_of(action: Action, names: frozenset[str]) -> dict[str, str | int]:
    return {name: 3 if name in NUMBERS else VALUES.get(name, name) for name in sorted(names)}


def entries() -> Iterator[AuditEntry]:
    """Each action whole and bare, and each state where there is one."""
    for action, declared in GRAMMAR.items():
        for names in dict.fromkeys((declared.must | declared.may, declared.must)):
            fields = fields_of(action, names - {"state"})
            for state in STATES if "state" in names else ("",):
                yield entry(action, **fields, **({"state": state} if state else {}))


AT_HUB = re.compile("nonce|session|ledger|link.(registered|withdrawn)|pull.(granted|denied)|offer.made|balance|trail")


def events() -> Iterator[Event]:
    """Whatever is sent on, by a node and by the hub."""
    node, hub = OBSERVERS
    for one in entries():
        for observer in (node, hub) if AT_HUB.match(one.action) else (node,):
            if event := event_of(one, observer):
                yield event
