"""A node, put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from linkexchange.model.identifiers import (
    TelematikId,
)
from linkexchange.model.participant import Participant
from linkexchange.model.passport import Passport
from linkexchange.ports.hub import Hub, Sessions
from linkexchange.ports.images import Archive, Destination, OriginNode
from linkexchange.ports.institution import Record
from linkexchange.ports.work import Store
from linkexchange.signing import PublicKeys, Signer


@dataclass(frozen=True, slots=True)
class Node:
    """Everything a use case of a node needs. Tests put fakes in the places of the outer world.

    `close` ends what the adapters hold open.
    """

    me: TelematikId
    name: str
    node_url: str
    hub_audience: str
    signer: Signer
    store: Store
    record: Record
    hub: Hub
    sessions: Sessions
    archive: Callable[[Passport], Archive]
    destination: Callable[[Passport], Destination]
    origin: Callable[[Participant, str], OriginNode]
    hub_keys: PublicKeys
    now: Callable[[], datetime]
    close: Callable[[], None]
