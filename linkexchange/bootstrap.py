"""The one place where ports meet adapters: settings in, a node, an origin or a resolver out.

Heavy libraries are imported by the function that needs them, since every process starts here and none needs all.
"""

from __future__ import annotations

import logging
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import structlog
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from linkexchange import documents, tls
from linkexchange.attest import AttestedSessions
from linkexchange.errors import SettingRefused
from linkexchange.hub import HubClient
from linkexchange.jobs import Pace
from linkexchange.model.identifiers import AeTitle, TelematikId
from linkexchange.model.participant import Participant
from linkexchange.model.passport import Passport, Retrieve
from linkexchange.ports import Archive, Destination, Node, OriginNode
from linkexchange.resolve import Resolver
from linkexchange.serve import Origin
from linkexchange.settings import CommonSettings, HubSettings, NodeSettings
from linkexchange.signing import PublicKeys, Signer, certificate_der, thumbprint
from linkexchange.store import embedded, schema
from linkexchange.store.overview import HubOverview, NodeOverview
from linkexchange.store.work import Database


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
    engine = schema.engine_of(database_url(settings))
    schema.check_serving(engine)
    return Database(engine, read_document=documents.read, now=now)


def node(settings: NodeSettings) -> Node:
    """A node with everything its use cases need."""
    from linkexchange.dicomweb import OriginNodeClient
    from linkexchange.ti import open_simulated_card, open_simulated_record

    context = client_context(settings)
    hub = HubClient(settings.hub_url, context)
    card = open_simulated_card(settings.card_folder)
    signer = node_signer(settings)

    def origin(participant: Participant, grant: str) -> OriginNode:
        return OriginNodeClient(participant, grant, context, idle_seconds=settings.idle_seconds)

    store = database(settings)

    def close() -> None:
        store.close()
        hub.close()

    return Node(
        me=TelematikId(settings.telematik_id),
        name=settings.name,
        node_url=settings.node_url,
        hub_audience=settings.hub_url,
        signer=signer,
        store=store,
        record=open_simulated_record(settings.record_url, settings.card_folder),
        hub=hub,
        sessions=AttestedSessions(hub, card, audience=settings.hub_url, thumbprint=signer.kid, now=now),
        archive=lambda passport: archive(settings, passport),
        destination=lambda passport: destination(settings, passport),
        origin=origin,
        hub_keys=_hub_keys(settings),
        now=now,
        close=close,
    )


def archive(settings: NodeSettings, passport: Passport) -> Archive:
    """A PACS as a source, by the way that its passport names."""
    if passport.retrieve is Retrieve.DICOMWEB:
        from linkexchange.dicomweb import DicomwebArchive

        # Shorter than the requester's patience with this node, so that it hears the reason before it gives up.
        return DicomwebArchive(passport, idle_seconds=settings.idle_seconds / 2)
    from linkexchange.dicom import CGetArchive, Timeouts

    timeouts = Timeouts(idle_seconds=settings.idle_seconds / 2)
    return CGetArchive(passport, calling_ae=AeTitle(settings.ae_title), timeouts=timeouts)


def destination(settings: NodeSettings, passport: Passport) -> Destination:
    """A PACS as a destination."""
    from linkexchange.dicom import StoreDestination, Timeouts

    timeouts = Timeouts(idle_seconds=settings.idle_seconds)
    return StoreDestination(passport, calling_ae=AeTitle(settings.ae_title), timeouts=timeouts)


def origin(settings: NodeSettings) -> Origin:
    """A node's serving side: it needs neither card nor record nor hub."""
    return Origin(
        me=TelematikId(settings.telematik_id),
        hub_keys=_hub_keys(settings),
        store=database(settings),
        archive=lambda passport: archive(settings, passport),
        now=now,
    )


def resolver(settings: HubSettings) -> Resolver:
    """The resolver of a hub."""
    from linkexchange.ti import AttestationVerifier

    return Resolver(
        audience=settings.hub_url,
        signer=hub_signer(settings),
        store=database(settings),
        believe=AttestationVerifier.from_pem(_read(settings.trust_list, "TRUST_LIST"), settings.hub_url),
        now=now,
    )


def node_overview(settings: NodeSettings) -> NodeOverview:
    """What a node's pages read beyond its ports."""
    return NodeOverview(database(settings))


def hub_overview(settings: HubSettings) -> HubOverview:
    """What the hub's page reads."""
    return HubOverview(database(settings))


def pace(settings: NodeSettings) -> Pace:
    """How patient the worker is."""
    return Pace(
        concurrency=settings.worker_concurrency,
        stalled_seconds=settings.worker_stalled_seconds,
        retry_seconds=settings.retry_seconds,
        retry_attempts=settings.retry_attempts,
        offers_seconds=settings.offers_seconds,
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
