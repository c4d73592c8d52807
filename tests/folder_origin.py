"""An origin that serves a folder of DICOM files instead of a PACS, with switches for what can happen meanwhile.

    with folder_origin.network(study, tmp_path) as network:
        network.client().retrieve(study.manifest, study.manifest.uids)

Grants are real ones: signed by a resolver's key, and accepted in the steps of `model.grant`.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import Message
from http.client import HTTPSConnection
from pathlib import Path
from ssl import SSLContext
from typing import Any
from uuid import UUID, uuid4

import listening
from certificates import Authority, NodeCertificate
from cryptography.hazmat.primitives.asymmetric import ec
from shipped import Study

from linkexchange.dataset import split_part10
from linkexchange.dicomweb.origin import OriginNodeClient
from linkexchange.dicomweb.server import application
from linkexchange.errors import Fault, GrantRefused, MessageFault
from linkexchange.model.grant import TYP, Grant, accept
from linkexchange.model.identifiers import LinkId, SeriesUid, Sha256, SopInstanceUid, TelematikId
from linkexchange.model.link import Document, MediaType
from linkexchange.model.participant import Participant
from linkexchange.model.subset import Subset
from linkexchange.model.transfer import Authority as Basis
from linkexchange.model.transfer import Purpose
from linkexchange.ports import Brake, IncomingInstance, Told
from linkexchange.signing import Signer, verify
from linkexchange.tls import client_context

ORIGIN, REQUESTER = TelematikId("5-2-hospital-a"), TelematikId("1-2-practice-b")
LINK = LinkId("6f0c1c52-0f1e-4c55-9d0c-5a3c1e0f7a11")
DOCUMENT = Document(b"<Bundle/>", MediaType.XML)
HUB = Signer.of(ec.generate_private_key(ec.SECP256R1()), "hub")
CHUNK = 4 * 1024


@dataclass
class FolderOrigin:
    """`fault` is raised behind `fault_after` chunks, `valid_for` so many instances are let out, `gate` holds chunks."""

    study: Study
    folder: Path
    fault: Fault | None = None
    fault_after: int = 0
    valid_for: int | None = None
    gate: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)
    produced: int = 0
    noted: dict[SopInstanceUid, Sha256] = field(default_factory=dict)
    newer: int = 0

    def __post_init__(self) -> None:
        self.gate.set()
        for uid, file in self.study.part10.items():
            (self.folder / uid).write_bytes(file)

    def grant(self, thumbprint: str, *, issued: datetime | None = None) -> Grant:
        manifest = self.study.manifest
        return Grant(
            grant=uuid4(),
            transfer=uuid4(),
            requester=REQUESTER,
            origin=ORIGIN,
            link=LINK,
            study=manifest.study,
            manifest_digest=manifest.digest,
            authority=Basis.RELEASE,
            purpose=Purpose.TREATMENT,
            thumbprint=thumbprint,
            issued=issued or datetime.now(UTC) - timedelta(seconds=1),
        )

    def token(self, thumbprint: str, **changes: object) -> str:
        return HUB.sign(replace(self.grant(thumbprint), **changes).claims("hub"), typ=TYP)  # type: ignore[arg-type]

    def admit(self, token: str, thumbprint: str) -> Grant:
        try:
            proven = verify(token, HUB.public)
        except MessageFault as fault:
            raise GrantRefused(fault.detail) from fault
        return accept(proven, audience=ORIGIN, thumbprint=thumbprint, now=datetime.now(UTC))

    def vet(self, peer: TelematikId, thumbprint: str) -> None:
        pass

    def still_valid(self, grant: Grant) -> bool:
        del grant
        if self.valid_for is not None:
            self.valid_for -= 1
        return self.valid_for is None or self.valid_for > 0

    def open(
        self,
        grant: Grant,
        *,
        series: SeriesUid | None,
        wanted: frozenset[SopInstanceUid] | Subset | None,
        brake: Brake,
    ) -> Generator[IncomingInstance, None, None]:
        del grant, brake
        self.opened.set()
        if isinstance(wanted, Subset):
            wanted = wanted.among([uid for uid, home in self.study.manifest.homes.items() if home == series])
        try:
            for uid, home in self.study.manifest.homes.items():
                path = self.folder / uid
                if path.exists() and series in (None, home) and (wanted is None or uid in wanted):
                    meta, chunks = split_part10(self._read(path))
                    yield IncomingInstance(meta.sop_class, meta.sop_instance, meta.transfer_syntax, chunks)
        finally:
            self.closed.set()

    def sent(self, grant: Grant, digests: Mapping[SopInstanceUid, Sha256]) -> None:
        del grant
        self.noted.update(digests)

    def document(self, grant: Grant, link: LinkId) -> Document:
        if link != grant.link:
            raise GrantRefused("step 6: link")
        return DOCUMENT

    def told(self, transfer: UUID, requester: TelematikId) -> Told:
        del transfer
        return Told(self.noted, self.newer) if requester == REQUESTER else Told({})

    def _read(self, path: Path) -> Iterator[bytes]:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                self.gate.wait(30)
                if self.fault and self.produced == self.fault_after:
                    raise self.fault
                self.produced += 1
                yield chunk


class Switch:
    """Stands before the folder origin of the test that runs, so that many tests can share one listener."""

    def __init__(self, current: FolderOrigin) -> None:
        self.current = current

    def __getattr__(self, name: str) -> Any:
        return getattr(self.current, name)


@dataclass(frozen=True)
class Network:
    """A folder origin that listens, and a requester with its certificate."""

    origin: FolderOrigin
    switch: Switch
    authority: Authority
    node: NodeCertificate
    port: int

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def context(self) -> SSLContext:
        return client_context(self.node.certificate, self.node.key, self.node.ca)

    @property
    def token(self) -> str:
        return self.origin.token(self.node.thumbprint)

    def renewed(self, folder: Path) -> Network:
        """The same listener with a new origin behind it; whatever is still under way stays with the old one."""
        self.switch.current = FolderOrigin(self.origin.study, folder)
        return replace(self, origin=self.switch.current)

    def client(self, token: str = "", *, node: NodeCertificate | None = None, idle: float = 10) -> OriginNodeClient:
        own = node or self.node
        context = client_context(own.certificate, own.key, self.node.ca)
        participant = Participant(ORIGIN, "Hospital A", self.url)
        return OriginNodeClient(participant, token or self.token, context, idle_seconds=idle)

    def get(self, path: str, token: str | None = None) -> tuple[int, Message, bytes]:
        """A request as any HTTP client would make it: status, headers, body."""
        connection = HTTPSConnection("localhost", self.port, context=self.context, timeout=10)
        try:
            connection.request("GET", path, headers={} if token is None else {"Authorization": f"Bearer {token}"})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()


@contextmanager
def network(study: Study, folder: Path) -> Iterator[Network]:
    """Start a folder origin with certificates of its own CA."""
    authority = Authority(folder)
    server = authority.node(ORIGIN)
    (folder / "pacs").mkdir()
    origin = FolderOrigin(study, folder / "pacs")
    switch = Switch(origin)
    context = server.server_context()
    with listening.answering(application(switch, ORIGIN), context) as port:
        yield Network(origin, switch, authority, authority.node(REQUESTER), port)
