"""A node, its serving side, and its parts."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from linkexchange import enrol
from linkexchange.attest import AttestedSessions
from linkexchange.bootstrap.keys import client_context, enrolment_place, hub_keys, node_signer, own_signer, pinned
from linkexchange.bootstrap.pacs import archive, destination, ladder, probe, sightings, spool, with_outbox
from linkexchange.bootstrap.relays import routes
from linkexchange.bootstrap.storage import database, now
from linkexchange.certificates import with_earlier
from linkexchange.documents import envelope, filing
from linkexchange.follow import Follower, LearntKeys
from linkexchange.growth import Growth
from linkexchange.hub import HubClient, RememberingHubClient
from linkexchange.kept_directory import KeptDirectory
from linkexchange.model.hours import Hours
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.participant import Participant
from linkexchange.model.watched import Plan
from linkexchange.patients import Index
from linkexchange.ports import Card, Node, ResolverAccess
from linkexchange.release import Rules
from linkexchange.releasing import Counter, Letting
from linkexchange.serve import Origin
from linkexchange.sessions import vet
from linkexchange.settings import NodeSettings
from linkexchange.signing import PublicKeys, Signer, thumbprint
from linkexchange.store.work import Database
from linkexchange.turnstile import Turnstile
from linkexchange.xdt import PatientFolder

if TYPE_CHECKING:
    from linkexchange.dicom import Pool
    from linkexchange.dicomweb import OriginNodeClient, Routes
    from linkexchange.telematik import Telematik
    from linkexchange.transcoding import TranscodingPool

DIRECTORY = "directory.jws"
"""The file in state_folder that keeps what the hub last said of who takes part."""


def node(settings: NodeSettings) -> Node:
    """A node with everything its use cases need."""
    from linkexchange.telematik import Telematik
    from linkexchange.transcoding import TranscodingPool

    context, store, me = client_context(settings), database(settings), TelematikId(settings.telematik_id)
    hub = RememberingHubClient(settings.hub_url, context, _kept_directory(settings, store), store=store, me=me)
    telematik, transcoder, signer = Telematik(settings, now), TranscodingPool(), _signer(settings, store, me)
    partners, codes = _partners(settings, store, context, telematik.card), envelope.named(settings.codes_profile)
    reach = partial(_origin_node, settings, context, routes(settings, store, context), store)
    bare = Node(
        me=me,
        name=settings.name,
        node_url=settings.node_url,
        hub_audience=settings.hub_url,
        signer=signer,
        store=store,
        record=telematik.record(),
        walk=lambda: telematik.chain().walk(),
        hub=hub,
        sessions=AttestedSessions(hub, telematik.card, audience=settings.hub_url, thumbprint=signer.kid, now=now),
        archive=with_outbox(settings, store, lambda passport: archive(settings, passport)),
        destination=lambda passport: destination(settings, passport),
        probe=lambda passport, scope: probe(settings, passport, scope),
        origin=reach,
        hub_keys=_learnt(settings, store),
        now=now,
        close=_closing(transcoder, store, hub, telematik, *(it.hub for it in partners.values())),
        partners={partner: it.access for partner, it in partners.items()},
        transcoder=transcoder,
        renew=lambda: enrol.renew(enrolment_place(settings), hub.renew, store, me, now=now()),
        desk=partial(reach, grant=""),
        filing=partial(filing.filed, codes),
        page=partial(filing.paged, codes, settings.companion_address),
    )
    return _publishing(settings, bare)


def _publishing(settings: NodeSettings, node: Node) -> Node:
    """With what it needs to publish."""
    return replace(
        node,
        spool=spool(settings),
        plan=plan(settings),
        sightings=partial(sightings, settings),
        index=Index(node.me, node.store, now),
        rules=Rules(node.me, node.store),
        particulars=settings.particulars,
        numbers=settings.numbers,
        has_pages=settings.companion_page,
    )


class _Partner(NamedTuple):
    """A partner's resolver, and the connection to it."""

    hub: HubClient
    access: ResolverAccess


def _partners(
    settings: NodeSettings, store: Database, context: ssl.SSLContext, card: Card
) -> dict[TelematikId, _Partner]:
    """The resolvers that origins have mounted for their own links."""
    me, own = TelematikId(settings.telematik_id), node_signer(settings).kid
    found = {}
    for it in settings.partners:
        hub = HubClient(it.url, context)
        sessions = AttestedSessions(hub, card, audience=it.url, thumbprint=own, now=now)
        keys = PublicKeys(LearntKeys(store, me, {it.url: pinned(it.keys, "PARTNER_RESOLVERS")}, now))
        found[it.partner] = _Partner(hub, ResolverAccess(it.url, hub, sessions, keys))
    return found


def _kept_directory(settings: NodeSettings, store: Database) -> KeptDirectory:
    keys, file = _learnt(settings, store), settings.state_folder / DIRECTORY
    return KeptDirectory(keys, issuer=settings.hub_url, file=file, now=now)


def _signer(settings: NodeSettings, store: Database, me: TelematikId) -> Signer:
    """With the keys of certificates before and beside this one: what they have signed is still this node's."""
    signer = node_signer(settings)
    with store.work(me) as work:
        own = work.certificates.all()
    return replace(signer, earlier=with_earlier(signer.public, own))


def desk(settings: NodeSettings) -> Counter:
    """Where others hand in their requests for a release: it needs no more than the database."""
    return Counter(TelematikId(settings.telematik_id), database(settings), now)


def letting(settings: NodeSettings) -> Letting:
    """The rules that let studies go."""
    return Letting(TelematikId(settings.telematik_id), database(settings))


def _origin_node(
    settings: NodeSettings,
    context: ssl.SSLContext,
    routes_to: Callable[[Participant], Routes] | None,
    store: Database,
    participant: Participant,
    grant: str,
) -> OriginNodeClient:
    from linkexchange.dicomweb import OriginNodeClient

    by, me, peer = routes_to(participant) if routes_to else None, TelematikId(settings.telematik_id), participant

    def vetted(certificate: bytes) -> None:
        vet(store, me, peer.telematik_id, thumbprint(certificate))

    return OriginNodeClient(peer, grant, context, idle_seconds=settings.idle_seconds, routes=by, vet=vetted)


def _closing(*opened: TranscodingPool | Database | HubClient | Telematik) -> Callable[[], None]:
    def close() -> None:
        for it in opened:
            it.close()

    return close


def plan(settings: NodeSettings) -> Plan:
    """How studies are watched."""
    return Plan(
        pacs=tuple(listed(settings.watch_pacs)),
        quiet=timedelta(seconds=settings.quiet_seconds),
        days=settings.watch_days,
        backfill_hours=tuple(Hours.parse(one) for one in listed(settings.backfill_hours)),
        backfill_per_hour=settings.backfill_per_hour,
    )


def listed(text: str) -> list[str]:
    """A setting with several values, commas between."""
    return [one.strip() for one in text.split(",") if one.strip()]


def origin(settings: NodeSettings, pool: Pool | None = None) -> Origin:
    """A node's serving side: it needs neither card nor record nor hub. `pool` is that of this process's receiver."""
    me, store, turn_seconds = TelematikId(settings.telematik_id), database(settings), settings.idle_seconds / 4
    return Origin(
        me=me,
        hub_keys=_learnt(settings, store),
        store=store,
        archive=with_outbox(settings, store, lambda passport: ladder(settings, passport, pool)),
        now=now,
        turn_seconds=turn_seconds,
        growth=Growth(Turnstile(store, me, now, turn_seconds), partial(destination, settings)),
    )


def _learnt(settings: NodeSettings, store: Database) -> PublicKeys:
    """The keys of the hub, and of a resolver that is mounted here, as they are known at the moment of each look."""
    known = {settings.hub_url: hub_keys(settings)}
    if settings.resolver_key:
        known[settings.resolver_url] = own_signer(settings).public
    return PublicKeys(LearntKeys(store, TelematikId(settings.telematik_id), known, now))


@contextmanager
def followers(settings: NodeSettings) -> Iterator[Sequence[Follower]]:
    """How this node hears what resolvers have revoked, and of their keys: the hub's, and those of partners."""
    me, context = TelematikId(settings.telematik_id), client_context(settings)
    pins = {it: pinned(it.keys, "PARTNER_RESOLVERS") for it in settings.partners}
    with closing(database(settings)) as store, ExitStack() as stack:
        kept = _kept_directory(settings, store)
        made = RememberingHubClient(settings.hub_url, context, kept, store=store, me=me)
        hub = stack.enter_context(closing(made))
        others = {it: stack.enter_context(closing(HubClient(it.url, context))) for it in pins}
        of_hub = Follower(me, settings.hub_url, hub, store, hub_keys(settings), now, beside=hub.participants)
        of_partners = (
            Follower(me, it.url, others[it], store, keys, now, partner=it.partner) for it, keys in pins.items()
        )
        yield [of_hub, *of_partners]


def patient_files(settings: NodeSettings) -> PatientFolder | None:
    """Where the practice system leaves its files; None where it does not."""
    return PatientFolder(settings.patient_files_folder) if settings.patient_files_folder else None


def patient_index(settings: NodeSettings) -> Index:
    """Who the local patients are."""
    return Index(TelematikId(settings.telematik_id), database(settings), now)


def release_rules(settings: NodeSettings) -> Rules:
    """What may be published."""
    return Rules(TelematikId(settings.telematik_id), database(settings))
