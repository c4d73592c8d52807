"""A DICOM peer that does what a script says, well or badly, for tests of this product and of others.

It has its own pen for the wire and shares nothing with `linkexchange.dicom`, so that the two cannot agree on a mistake.
How a peer behaves is a value (`manners`), what no library would send is in `hostile`, and `Wire` is a bad line that
stands between any two parties:

    with OriginPacs(made(100), OriginManners(breaking=Breaking(How.ABORT, after=50))) as origin:
        with Wire((HOST, origin.port), Cut(How.RESET, after=70_000)) as line:
            ...
"""

from __future__ import annotations

from linkexchange.conform import hostile
from linkexchange.conform.calling import Caller
from linkexchange.conform.destination import DestinationPacs, Received
from linkexchange.conform.images import Instance, made
from linkexchange.conform.manners import (
    Admission,
    Breaking,
    Counts,
    DestinationManners,
    How,
    OriginManners,
    Refusing,
    Rejection,
    Service,
)
from linkexchange.conform.origin import OriginPacs
from linkexchange.conform.peer import HOST, Peer
from linkexchange.conform.talk import Gone
from linkexchange.conform.wire import Cut, Pace, Way, Wire

__all__ = [
    "HOST",
    "Admission",
    "Breaking",
    "Caller",
    "Counts",
    "Cut",
    "DestinationManners",
    "DestinationPacs",
    "Gone",
    "How",
    "Instance",
    "OriginManners",
    "OriginPacs",
    "Pace",
    "Peer",
    "Received",
    "Refusing",
    "Rejection",
    "Service",
    "Way",
    "Wire",
    "hostile",
    "made",
]
