"""The one place where ports meet adapters: settings in, a node, an origin or a resolver out.

Heavy libraries are imported by the function that needs them, since every process starts here and none needs all.
"""

from __future__ import annotations

import logging
import ssl
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import structlog
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from linkexchange import documents, tls
from linkexchange.attest import AttestedSessions
from linkexchange.documents import envelope, filing
from linkexchange.errors import PacsUnavailable, SettingRefused
from linkexchange.growth import Growth
from linkexchange.hub import HubClient
from linkexchange.jobs import CONNECTIONS_MAX, Pace
from linkexchange.model.findings import Findings, Scope
from linkexchange.model.hours import Hours
from linkexchange.model.identifiers import AeTitle, TelematikId
from linkexchange.model.outbox import OUTBOX
from linkexchange.model.participant import Participant
from linkexchange.model.passport import Passport, Retrieve
from linkexchange.model.passport import Store as PassportStore
from linkexchange.model.watched import Plan
from linkexchange.patients import Index
from linkexchange.ports import Archive, Brake, Destination, IncomingInstance, Node, OriginNode, Sighting, StudyQuery
from linkexchange.release import Rules
from linkexchange.resolve import Resolver
from linkexchange.serve import Origin
from linkexchange.settings import CommonSettings, HubSettings, NodeSettings
from linkexchange.signing import PublicKeys, Signer, certificate_der, thumbprint
from linkexchange.store import embedded, schema
from linkexchange.store.overview import HubOverview, NodeOverview
from linkexchange.store.queue import connector as queue_connector
from linkexchange.store.work import Database
from linkexchange.turnstile import Turnstile
from linkexchange.ways import Elsewhere, Ladder, Way
from linkexchange.xdt import PatientFolder

if TYPE_CHECKING:
    from procrastinate import PsycopgConnector

    from linkexchange.dicom import Pool, Timeouts
    from linkexchange.dicomweb.own_body import Fetch, Place
    from linkexchange.spool import Folder, Intake
    from linkexchange.telematik import Telematik
    from linkexchange.transcoding import TranscodingPool


class _Calling(TypedDict):
    """What an association needs beside the passport."""

    calling_ae: AeTitle
    timeouts: Timeouts
    tls: ssl.SSLContext | None


def now() -> datetime:
    """The clock of everything."""
    return datetime.now(UTC)


def log_to_stderr(level: str) -> None:
    """One event, one line of JSON, on standard error."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, format="%(name)s %(levelname)s")


@contextmanager
def state(settings: CommonSettings) -> Iterator[None]:
    """Own the state of a hub or node: start the embedded server where no other is named, and migrate."""
    if settings.database_url is None:
        with embedded.running(settings.state_folder) as addresses:
            schema.migrate(addresses.owner, addresses.serving)
            yield
        return
    serving = settings.database_url.get_secret_value()
    owner = settings.database_owner_url.get_secret_value() if settings.database_owner_url else serving
    schema.migrate(owner, serving)
    yield


def database_url(settings: CommonSettings) -> str:
    """The serving role's URL: from the settings, or from the running embedded server."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return embedded.read_address(settings.state_folder)


def database(settings: CommonSettings) -> Database:
    """The door to the state, after a look at what its role may do."""
    engine = schema.engine_of(database_url(settings), frozen_seconds=settings.frozen_seconds)
    schema.check_serving(engine)
    return Database(engine, read_document=documents.read, now=now)


def node(settings: NodeSettings) -> Node:
    """A node with everything its use cases need."""
    from linkexchange.telematik import Telematik
    from linkexchange.transcoding import TranscodingPool

    context = client_context(settings)
    hub, telematik = HubClient(settings.hub_url, context), Telematik(settings, now)
    signer = node_signer(settings)
    store, transcoder = database(settings), TranscodingPool()
    codes = envelope.named(settings.codes_profile)
    return Node(
        me=TelematikId(settings.telematik_id),
        name=settings.name,
        node_url=settings.node_url,
        hub_audience=settings.hub_url,
        signer=signer,
        store=store,
        record=telematik.record(),
        walk=lambda: telematik.chain().walk(),
        hub=hub,
        sessions=AttestedSessions(hub, telematik.card, audience=settings.hub_url, thumbprint=signer.kid, now=now),
        archive=_with_outbox(settings, store, lambda passport: archive(settings, passport)),
        destination=lambda passport: destination(settings, passport),
        probe=lambda passport, scope: probe(settings, passport, scope),
        origin=partial(_origin_node, settings, context),
        hub_keys=_hub_keys(settings),
        now=now,
        close=_closing(transcoder, store, hub, telematik),
        transcoder=transcoder,
        spool=spool(settings),
        plan=plan(settings),
        sightings=partial(sightings, settings),
        index=Index(TelematikId(settings.telematik_id), store, now),
        rules=Rules(TelematikId(settings.telematik_id), store),
        particulars=settings.particulars,
        numbers=settings.numbers,
        filing=partial(filing.filed, codes),
        page=partial(filing.paged, codes, settings.companion_address),
        has_pages=settings.companion_page,
    )


def _origin_node(settings: NodeSettings, context: ssl.SSLContext, participant: Participant, grant: str) -> OriginNode:
    from linkexchange.dicomweb import OriginNodeClient

    return OriginNodeClient(participant, grant, context, idle_seconds=settings.idle_seconds)


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


def sightings(settings: NodeSettings, passport: Passport, query: StudyQuery) -> Sequence[Sighting]:
    """Which studies a PACS has: by QIDO-RS where studies are fetched by DICOMweb, by C-FIND otherwise."""
    if passport.retrieve is Retrieve.DICOMWEB:
        from linkexchange.dicomweb import DicomwebArchive

        context = pacs_context(settings, passport)
        return DicomwebArchive(passport, context=context, idle_seconds=_pacs_seconds(settings)).sightings(query)
    from linkexchange import dicom

    calling = _calling(settings, passport, _pacs_seconds(settings))
    return dicom.sightings(dicom.Line(passport, calling["calling_ae"], calling["timeouts"], calling["tls"]), query)


def listed(text: str) -> list[str]:
    """A setting with several values, commas between."""
    return [one.strip() for one in text.split(",") if one.strip()]


def archive(settings: NodeSettings, passport: Passport, pool: Pool | None = None) -> Archive:
    """A PACS as a source, by the way that its passport names; `pool` is that of this process's receiver.

    Raises `PacsUnavailable` for C-MOVE where the node has no receiver.
    """
    if passport.retrieve is Retrieve.DICOMWEB:
        from linkexchange.dicomweb import DicomwebArchive

        context = pacs_context(settings, passport)
        return DicomwebArchive(passport, context=context, idle_seconds=_pacs_seconds(settings))
    if passport.retrieve is Retrieve.C_MOVE:
        return _c_move(settings, passport, pool)
    from linkexchange.dicom import CGetArchive

    return CGetArchive(passport, **_calling(settings, passport, _pacs_seconds(settings)))


def ladder(settings: NodeSettings, passport: Passport, pool: Pool | None) -> Archive:
    """A PACS as a source, by the way that its passport names, and by those below it where that fails."""
    order = (Retrieve.DICOMWEB, Retrieve.C_GET, Retrieve.C_MOVE)
    below = order[order.index(passport.retrieve) + 1 :]
    kinds = [passport.retrieve, *(kind for kind in below if kind is not Retrieve.C_MOVE or pool)]
    ways = [Way(kind.value, partial(archive, settings, replace(passport, retrieve=kind), pool)) for kind in kinds]
    return Ladder(ways, patience_seconds=_pacs_seconds(settings) / 2)


def _pacs_seconds(settings: NodeSettings) -> float:
    """Shorter than the requester's patience with this node, so that it hears the reason before it gives up."""
    return settings.idle_seconds / 2


def _c_move(settings: NodeSettings, passport: Passport, pool: Pool | None) -> Archive:
    """Here, or from the process that has the receiver."""
    from linkexchange.dicom import CGetArchive, CMoveArchive
    from linkexchange.dicomweb import OwnNode

    if not settings.dimse_port:
        raise PacsUnavailable("C-MOVE needs a DIMSE port of this node: set dimse_port")
    calling = _calling(settings, passport, _pacs_seconds(settings))
    if pool:
        return CMoveArchive(passport, pool, **calling)
    address = settings.data_url or settings.node_url
    own = OwnNode(address, passport.name, client_context(settings), idle_seconds=settings.idle_seconds)
    return Elsewhere(CGetArchive(passport, **calling), own)


@contextmanager
def receiver(settings: NodeSettings) -> Iterator[Pool | None]:
    """Listen for what C-MOVE brings, as long as the block lasts; None where the node has no DIMSE port."""
    if not settings.dimse_port:
        yield None
        return
    from linkexchange.dicom import Callers, Limits, Pool, Receiver

    store, me = database(settings), TelematikId(settings.telematik_id)

    def registered() -> Sequence[Passport]:
        with store.work(me) as work:
            return work.pacs.all()

    place = (settings.dimse_host, settings.dimse_port)
    titles = [AeTitle(title) for title in settings.receiving_titles]
    pool = Pool(titles, place=f"{place[0]}:{place[1]}", late_seconds=settings.late_seconds)
    limits = Limits(idle_seconds=settings.idle_seconds)
    context = dimse_context(settings) if settings.dimse_tls else None
    known = Callers(registered)
    with (
        closing(store),
        _intake(settings, store) as outbox,
        Receiver(place, pool=pool, known=known, tls=context, limits=limits, outbox=outbox),
    ):
        yield pool


@contextmanager
def _intake(settings: NodeSettings, store: Database) -> Iterator[Intake | None]:
    """What the outbox of the receiver writes into; None where there is none."""
    folder = spool(settings)
    if folder is None:
        yield None
        return
    from linkexchange.spool import Intake, guarded

    title = AeTitle(settings.outbox_ae)
    with guarded(folder):
        intake = Intake(TelematikId(settings.telematik_id), store, folder, title=title, now=now)
        intake.begin()
        yield intake


def spool(settings: NodeSettings) -> Folder | None:
    """The files of the outbox; None where there is none. Raises `SettingRefused` for a key that is none."""
    if not settings.outbox_ae or settings.spool_folder is None or settings.spool_key is None:
        return None
    from linkexchange.spool import Folder, read_key

    alarm_bytes = settings.spool_max_bytes * settings.spool_alarm_percent // 100
    key = read_key(settings.spool_key)
    return Folder(settings.spool_folder, key, max_bytes=settings.spool_max_bytes, alarm_bytes=alarm_bytes)


def _with_outbox(
    settings: NodeSettings, store: Database, otherwise: Callable[[Passport], Archive]
) -> Callable[[Passport], Archive]:
    """How a source is opened: the outbox here, a PACS otherwise. Raises `PacsUnavailable` where there is no outbox."""
    folder = spool(settings)

    def opened(passport: Passport) -> Archive:
        from linkexchange.spool import SpoolArchive

        if passport.name != OUTBOX:
            return otherwise(passport)
        if folder is None or not folder.is_here:
            raise PacsUnavailable("there is no outbox here: set outbox_ae, and let the data process run")
        return SpoolArchive(TelematikId(settings.telematik_id), store, folder)

    return opened


def dimse_context(settings: NodeSettings) -> ssl.SSLContext:
    """TLS for the ports at which the own PACS calls."""
    return tls.server_context(settings.tls_certificate, settings.tls_key, settings.pacs_ca or settings.tls_ca)


def hl7_context(settings: NodeSettings) -> ssl.SSLContext:
    """TLS for the port at which HL7 is sent."""
    return tls.server_context(settings.tls_certificate, settings.tls_key, settings.hl7_ca or settings.tls_ca)


def own_instances(settings: NodeSettings, pool: Pool) -> Fetch:
    """What the own processes fetch through this one."""
    from linkexchange.dicom import CMoveArchive

    store, me = database(settings), TelematikId(settings.telematik_id)

    def fetch(place: Place, brake: Brake) -> Generator[IncomingInstance, None, None]:
        with store.work(me) as work:
            passport = work.pacs.find(place.pacs)
        pacs = CMoveArchive(passport, pool, **_calling(settings, passport, _pacs_seconds(settings)))
        return pacs.retrieve_one(place.study, place.series, place.instance, brake=brake)

    return fetch


def destination(settings: NodeSettings, passport: Passport) -> Destination:
    """A PACS as a destination, by the way that its passport names."""
    if passport.store is PassportStore.STOW_RS:
        from linkexchange.dicomweb import StowDestination

        context = pacs_context(settings, passport)
        return StowDestination(passport, context=context, idle_seconds=settings.idle_seconds)
    from linkexchange.dicom import StoreDestination

    return StoreDestination(passport, **_calling(settings, passport, settings.idle_seconds))


def pacs_context(settings: NodeSettings, passport: Passport) -> ssl.SSLContext | None:
    """TLS towards a PACS that speaks it: its certificate is checked, and ours is shown."""
    if not passport.tls:
        return None
    return tls.client_context(settings.tls_certificate, settings.tls_key, settings.pacs_ca or settings.tls_ca)


def _calling(settings: NodeSettings, passport: Passport, idle_seconds: float) -> _Calling:
    from linkexchange.dicom import Timeouts

    return {
        "calling_ae": AeTitle(settings.ae_title),
        "timeouts": Timeouts(idle_seconds=idle_seconds),
        "tls": pacs_context(settings, passport),
    }


def probe(settings: NodeSettings, passport: Passport, scope: Scope) -> Findings:
    """What a PACS can do, found out by asking it."""
    from linkexchange.dicom.line import Line
    from linkexchange.dicom.probe import probe

    return probe(Line(passport, AeTitle(settings.ae_title), tls=pacs_context(settings, passport)), scope)


def origin(settings: NodeSettings, pool: Pool | None = None) -> Origin:
    """A node's serving side: it needs neither card nor record nor hub. `pool` is that of this process's receiver."""
    me, store, turn_seconds = TelematikId(settings.telematik_id), database(settings), settings.idle_seconds / 4
    return Origin(
        me=me,
        hub_keys=_hub_keys(settings),
        store=store,
        archive=_with_outbox(settings, store, lambda passport: ladder(settings, passport, pool)),
        now=now,
        turn_seconds=turn_seconds,
        growth=Growth(Turnstile(store, me, now, turn_seconds), partial(destination, settings)),
    )


def resolver(settings: HubSettings) -> Resolver:
    """The resolver of a hub."""
    from linkexchange import telematik

    return Resolver(
        audience=settings.hub_url,
        signer=hub_signer(settings),
        store=database(settings),
        believe=telematik.believing(settings, now),
        now=now,
    )


def patient_files(settings: NodeSettings) -> PatientFolder | None:
    """Where the practice system leaves its files; None where it does not."""
    return PatientFolder(settings.patient_files_folder) if settings.patient_files_folder else None


def patient_index(settings: NodeSettings) -> Index:
    """Who the local patients are."""
    return Index(TelematikId(settings.telematik_id), database(settings), now)


def release_rules(settings: NodeSettings) -> Rules:
    """What may be published."""
    return Rules(TelematikId(settings.telematik_id), database(settings))


def node_overview(settings: NodeSettings) -> NodeOverview:
    """What a node's pages read beyond its ports."""
    return NodeOverview(database(settings))


def hub_overview(settings: HubSettings) -> HubOverview:
    """What the hub's page reads."""
    return HubOverview(database(settings))


def queue(settings: NodeSettings) -> PsycopgConnector:
    """The worker's way to its jobs."""
    return queue_connector(database_url(settings), CONNECTIONS_MAX, frozen_seconds=settings.frozen_seconds)


def pace(settings: NodeSettings) -> Pace:
    """How patient the worker is."""
    return Pace(
        concurrency=settings.worker_concurrency,
        stalled_seconds=settings.worker_stalled_seconds,
        retry_seconds=settings.retry_seconds,
        retry_attempts=settings.retry_attempts,
        offers_seconds=settings.offers_seconds,
        watch_seconds=settings.watch_seconds,
    )


def server_context(settings: CommonSettings) -> ssl.SSLContext:
    """TLS for the mTLS listener."""
    return tls.server_context(settings.tls_certificate, settings.tls_key, settings.tls_ca)


def client_context(settings: CommonSettings) -> ssl.SSLContext:
    """TLS for calls to hub and nodes."""
    return tls.client_context(settings.tls_certificate, settings.tls_key, settings.tls_ca)


def node_signer(settings: NodeSettings) -> Signer:
    """A node signs with the key of its TLS certificate, under the certificate's thumbprint."""
    try:
        certificate = x509.load_pem_x509_certificate(_read(settings.tls_certificate, "TLS_CERTIFICATE"))
    except ValueError as wrong:
        raise SettingRefused("LINKEXCHANGE_TLS_CERTIFICATE: not a certificate in PEM") from wrong
    return Signer.of(_private_key(settings.tls_key, "TLS_KEY"), thumbprint(certificate_der(certificate)))


def hub_signer(settings: HubSettings) -> Signer:
    """The hub signs grants with a key of its own."""
    return Signer.of(_private_key(settings.grant_key, "GRANT_KEY"), "grant-1")


def _private_key(file: Path, key: str) -> EllipticCurvePrivateKey:
    try:
        private_key = load_pem_private_key(_read(file, key), password=None)
    except (ValueError, TypeError) as wrong:
        raise SettingRefused(f"LINKEXCHANGE_{key}: not an unencrypted private key in PEM") from wrong
    if not isinstance(private_key, EllipticCurvePrivateKey) or not isinstance(private_key.curve, SECP256R1):
        raise SettingRefused(f"LINKEXCHANGE_{key}: not a P-256 key")
    return private_key


def _hub_keys(settings: NodeSettings) -> PublicKeys:
    try:
        return PublicKeys.from_jwks(_read(settings.hub_keys, "HUB_KEYS").decode())
    except ValueError as wrong:
        raise SettingRefused("LINKEXCHANGE_HUB_KEYS: not a JWK Set of named P-256 keys") from wrong


def _read(file: Path, key: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as wrong:
        raise SettingRefused(f"LINKEXCHANGE_{key}: the file cannot be read") from wrong
