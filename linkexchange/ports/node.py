"""A node, put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from linkexchange.model.findings import Findings, Scope
from linkexchange.model.identifiers import (
    TelematikId,
)
from linkexchange.model.link import NOTHING_SAID, Document, Link, Numbers, Particulars
from linkexchange.model.metadata import Filing
from linkexchange.model.participant import Participant
from linkexchange.model.passport import Passport
from linkexchange.model.readiness import Readiness
from linkexchange.model.watched import Plan
from linkexchange.ports.hub import Hub, ResolverAccess, Sessions
from linkexchange.ports.images import Archive, Destination, OriginNode
from linkexchange.ports.institution import Record
from linkexchange.ports.outbox import Spool
from linkexchange.ports.release import PatientIndex, ReleaseRules
from linkexchange.ports.releases import ReleaseDesk
from linkexchange.ports.transcoding import Transcoder
from linkexchange.ports.watched import Sighting, StudyQuery
from linkexchange.ports.work import Store
from linkexchange.signing import PublicKeys, Signer


@dataclass(frozen=True, slots=True)
class Pauses:
    """How long a run waits before it asks its destination once more, pause after pause.

    `resources_seconds` after a status of the A700 class, `listing_seconds` for what was stored to be listed. And how
    long it waits for its turn there before it goes back into the queue: `turn_seconds`.
    """

    resources_seconds: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0)
    listing_seconds: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0)
    turn_seconds: float = 15.0


NO_PLAN = Plan()
NO_NUMBERS = Numbers()


@dataclass(frozen=True, slots=True)
class Node:
    """Everything a use case of a node needs. Tests put fakes in the places of the outer world.

    `close` ends what the adapters hold open. `filing` makes of a link, its document and a title what a record is given,
    `page` the same of its companion page; with `has_pages` each link gets one.
    `spool` is None where there is no outbox. Without `index` and `rules` no
    study is published but by a person. `sightings` asks a PACS which studies it has. `particulars` and `numbers` stand
    in every link. `walk` walks along the chain to the TI: what does not work there is a finding, and raises nothing.
    `renew` fetches a new certificate for this node where one is due, and says whether it did.
    `desk` is where an origin takes requests for a release.
    `partners` are origins that resolve for their own links: they are asked while the hub is silent.
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
    probe: Callable[[Passport, Scope], Findings]
    origin: Callable[[Participant, str], OriginNode]
    hub_keys: PublicKeys
    now: Callable[[], datetime]
    close: Callable[[], None]
    transcoder: Transcoder
    filing: Callable[[Link, Document, str], Filing]
    page: Callable[[Link, str], Filing]
    pauses: Pauses = Pauses()
    spool: Spool | None = None
    plan: Plan = NO_PLAN
    index: PatientIndex | None = None
    rules: ReleaseRules | None = None
    sightings: Callable[[Passport, StudyQuery], Sequence[Sighting]] = lambda *_: ()
    particulars: Particulars = NOTHING_SAID
    numbers: Numbers = NO_NUMBERS
    walk: Callable[[], Readiness] = Readiness
    has_pages: bool = False
    renew: Callable[[], bool] = lambda: False
    desk: Callable[[Participant], ReleaseDesk] | None = None
    partners: Mapping[TelematikId, ResolverAccess] = field(default_factory=dict)

    @property
    def at_hub(self) -> ResolverAccess:
        """The hub's resolver."""
        return ResolverAccess(self.hub_audience, self.hub, self.sessions, self.hub_keys)
