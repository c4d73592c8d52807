"""What the use cases need from the world, as protocols. Adapters implement them; `bootstrap` brings both together."""

from __future__ import annotations

from linkexchange.ports.hub import Answer, Hub, Session, Sessions
from linkexchange.ports.images import (
    CHUNK_MAX_BYTES,
    Archive,
    Delivery,
    Destination,
    ImageSource,
    IncomingInstance,
    OriginNode,
)
from linkexchange.ports.institution import Card, Record, RecordEntry
from linkexchange.ports.node import Node
from linkexchange.ports.registers import Directory, HubLedger, PacsRegistry
from linkexchange.ports.transfers import Event, Links, Progress, Published, Serving, Transfers
from linkexchange.ports.work import Store, UnitOfWork

__all__ = [
    "CHUNK_MAX_BYTES",
    "Answer",
    "Archive",
    "Card",
    "Delivery",
    "Destination",
    "Directory",
    "Event",
    "Hub",
    "HubLedger",
    "ImageSource",
    "IncomingInstance",
    "Links",
    "Node",
    "OriginNode",
    "PacsRegistry",
    "Progress",
    "Published",
    "Record",
    "RecordEntry",
    "Serving",
    "Session",
    "Sessions",
    "Store",
    "Transfers",
    "UnitOfWork",
]
