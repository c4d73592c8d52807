"""What the use cases need from the world, as protocols. Adapters implement them; `bootstrap` brings both together.

Bytes travel as iterators of chunks of at most `CHUNK_MAX_BYTES`; nobody may hold more of an instance than that, once
the bulk code of our own stands behind these interfaces. Whoever takes an iterator from a port closes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from linkexchange.model.access import Decision, Offer, RegisteredLink
from linkexchange.model.audit import Action
from linkexchange.model.identifiers import (
    Kvnr,
    LinkId,
    Sha256,
    SopClassUid,
    SopInstanceUid,
    StudyUid,
    TelematikId,
    TransferSyntaxUid,
)
from linkexchange.model.link import Document, Link
from linkexchange.model.participant import Institution, Participant
from linkexchange.model.passport import Passport
from linkexchange.model.patient import PatientHeader
from linkexchange.model.proof import Delivered, Proof
from linkexchange.model.study import Manifest, StudySummary
from linkexchange.model.transfer import State, Transfer
from linkexchange.signing import Signer

CHUNK_MAX_BYTES = 1 << 20

# --- images -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IncomingInstance:
    """One instance on its way: what its envelope says, and the encoded data set (no preamble, no file meta)."""

    sop_class: SopClassUid
    sop_instance: SopInstanceUid
    transfer_syntax: TransferSyntaxUid
    chunks: Iterator[bytes]


class ImageSource(Protocol):
    """Where instances come from: the own PACS by C-GET or DICOMweb, or an origin's node by WADO-RS with a grant."""

    def retrieve(self, manifest: Manifest, wanted: frozenset[SopInstanceUid]) -> Iterator[IncomingInstance]:
        """Yield the wanted instances of the study in any order, each in its stored transfer syntax.

        An instance that the source does not have is left out. The chunks of one instance are read before the next is
        taken. Closing the iterator ends the retrieval. Raises `Unavailable` when the source does not answer or breaks
        off, `Refused` when it says no.
        """
        ...


class Archive(ImageSource, Protocol):
    """The own PACS as an origin: it can also say what a study has."""

    def summary(self, study: StudyUid) -> tuple[StudySummary, PatientHeader]:
        """List the study down to its instances. Raises `UnknownStudy` or `Unavailable`."""
        ...

    def studies(self) -> Sequence[tuple[StudyUid, str]]:
        """All studies with their description, for a person who chooses one. Raises `Unavailable`."""
        ...


class Delivery(Protocol):
    """An open way into a destination."""

    def store(self, instance: IncomingInstance) -> int:
        """Send one instance as it comes; the destination's DIMSE status (0x0000 stored, 0xBxxx stored with a warning).

        0x0122 also where the destination accepts no presentation context for it. Raises `PacsUnavailable` when the way
        breaks; then nothing is known about this instance.
        """
        ...


class Destination(Protocol):
    """The PACS that images are sent to."""

    def deliver(self) -> AbstractContextManager[Delivery]:
        """Open a way and close it at the end. Raises `PacsUnavailable`."""
        ...


# --- TI: card and record ----------------------------------------------------------------------------------------------


class Card(Protocol):
    """The institution's card (SMC-B) behind the Konnektor."""

    def attest(self, *, audience: str, nonce: str, thumbprint: str) -> str:
        """A signed attestation for one nonce, bound to a TLS certificate. Raises `CardUnavailable`."""
        ...


@dataclass(frozen=True, slots=True)
class RecordEntry:
    """What the record's list says about one link document."""

    entry: str
    title: str
    author: str
    created: datetime
    media_type: str


class Record(Protocol):
    """The patient's record (ePA), opened with this institution's own card.

    Every operation raises `NotEntitled` where the record says no (also for what it does not have or the patient has
    hidden), `RecordUnavailable` where it does not answer.
    """

    def store(self, kvnr: Kvnr, document: Document, *, title: str) -> RecordEntry:
        """Put a new document into the record."""
        ...

    def find(self, kvnr: Kvnr) -> Sequence[RecordEntry]:
        """List the current link documents, newest first; replaced ones are not listed."""
        ...

    def retrieve(self, kvnr: Kvnr, entry: str) -> Document:
        """Read one document: the very bytes that were stored."""
        ...

    def replace(self, kvnr: Kvnr, entry: str, document: Document, *, title: str) -> RecordEntry:
        """Put a new version in the place of an entry."""
        ...

    def withdraw(self, kvnr: Kvnr, entry: str, closing: Document, *, title: str) -> RecordEntry:
        """Replace an entry by its closing version (ImagingStudy.status `cancelled`); nothing is ever deleted."""
        ...


# --- hub --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Session:
    """An open session at the resolver: `secret` names it, for at most 30 minutes, from this node only."""

    secret: str
    expires: datetime


class Hub(Protocol):
    """The hub as a node sees it: over HTTPS, or the resolver mounted in the same process.

    Every operation may raise `HubUnavailable`; those that take a session raise `IdentityRefused` where it has ended.
    """

    def nonce(self) -> str:
        """A nonce for one attestation."""
        ...

    def open_session(self, attestation: str) -> Session:
        """Prove the institution. Raises `IdentityRefused`."""
        ...

    def grant(self, session: Session, request: str) -> str:
        """Ask for a grant with a signed request. Raises `Denied`, whose detail is the reason."""
        ...

    def register(self, session: Session, link: RegisteredLink, *, replaces: LinkId | None = None) -> None:
        """Put a link of this participant into the ledger. Safe to repeat."""
        ...

    def withdraw(self, session: Session, link: LinkId) -> None:
        """Withdraw a link of this participant at once. Safe to repeat."""
        ...

    def participant(self, telematik_id: TelematikId) -> Participant:
        """Look an institution up. Raises `UnknownParticipant`."""
        ...

    def participants(self) -> Sequence[Participant]:
        """The whole directory."""
        ...

    def offer(self, session: Session, offer: Offer) -> None:
        """Make an offer to another participant. Safe to repeat. Raises `UnknownParticipant`."""
        ...

    def offers(self) -> Sequence[Offer]:
        """Offers to this participant that it has not taken up."""
        ...

    def receipt(self, proof: str) -> None:
        """Hand in a signed proof. Safe to repeat. Marks the offer, where there was one, as taken."""
        ...


# --- other nodes ------------------------------------------------------------------------------------------------------


class OriginNode(ImageSource, Protocol):
    """An origin's node, opened with a grant."""

    def document(self, link: LinkId) -> Document:
        """The link document of a release. Raises `GrantRefused` or `OriginUnavailable`."""
        ...

    def digests(self, transfer: UUID) -> Mapping[SopInstanceUid, Sha256]:
        """What the origin says it sent; empty where it says nothing."""
        ...


# --- state ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Published:
    """A link as its origin keeps it. `kvnr` and `entry` are empty for a release, which stands in no record."""

    link: Link
    document: Document
    pacs: str
    kvnr: Kvnr | None
    entry: str
    active: bool


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the event stream. `body` holds identifiers, states and counts only."""

    event: int
    topic: str
    body: Mapping[str, str | int]
    at: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a transfer is; one row, written at most once a second."""

    done: int
    total: int
    bytes: int


class Transfers(Protocol):
    """The ledger of transfers. Every write of a run is fenced by the epoch of `run`; behind it, `Overtaken`."""

    def add(self, transfer: Transfer) -> None:
        """Write a new transfer in state `requested`."""
        ...

    def get(self, transfer: UUID) -> Transfer:
        """Read one. Raises `UnknownTransfer`."""
        ...

    def of_offer(self, offer: str) -> Transfer | None:
        """The transfer that takes up an offer, if there is one."""
        ...

    def claim(self, transfer: UUID) -> Transfer:
        """Raise the epoch and return the row: from here on, earlier runs can change nothing."""
        ...

    def describe(self, run: Transfer, link: Link) -> Transfer:
        """Note which link this transfer turned out to be."""
        ...

    def advance(self, run: Transfer, state: State, reason: str = "") -> Transfer:
        """Follow one arrow of the table of transitions; an arrow that is not there is a bug of ours."""
        ...

    def begin_instance(self, run: Transfer, sop_instance: SopInstanceUid) -> int:
        """Count one more attempt, before the first byte leaves; returns the count."""
        ...

    def end_instance(self, run: Transfer, delivered: Delivered) -> None:
        """Note the fate of an instance, after the destination has answered."""
        ...

    def note_origin(self, run: Transfer, digests: Mapping[SopInstanceUid, Sha256]) -> None:
        """Note what the origin says it sent."""
        ...

    def ledger(self, transfer: UUID) -> Sequence[Delivered]:
        """What is known of each instance that was ever begun."""
        ...

    def progress(self, run: Transfer, progress: Progress) -> None:
        """Overwrite the one progress row."""
        ...

    def prove(self, run: Transfer, proof: Proof, signed: str) -> Transfer:
        """Keep the signed proof and enter its outcome as the final state."""
        ...

    def proof(self, transfer: UUID) -> str | None:
        """The signed proof of a finished transfer."""
        ...

    def recent(self, limit: int = 50) -> Sequence[tuple[Transfer, Progress]]:
        """The newest transfers, for pages."""
        ...


class Links(Protocol):
    """What this participant has published or released."""

    def add(self, published: Published) -> None:
        """Keep a new link. Safe to repeat."""
        ...

    def get(self, link: LinkId) -> Published:
        """Read one. Raises `UnknownTransfer`."""
        ...

    def current(self, study: StudyUid) -> Published | None:
        """The active link of a study in the record, if there is one."""
        ...

    def stored(self, link: LinkId, entry: str) -> None:
        """Note the entry under which the record keeps it."""
        ...

    def close(self, link: LinkId) -> None:
        """End a link: from now on this node serves nothing under it."""
        ...

    def recent(self, limit: int = 50) -> Sequence[Published]:
        """The newest links, for pages."""
        ...


class Serving(Protocol):
    """What this participant, as an origin, has sent under which transfer."""

    def note(self, transfer: UUID, requester: TelematikId, digests: Mapping[SopInstanceUid, Sha256]) -> None:
        """Keep the digests of instances that have left the house. Later ones replace earlier ones."""
        ...

    def digests(self, transfer: UUID, requester: TelematikId) -> Mapping[SopInstanceUid, Sha256]:
        """Read them back, for the same requester only."""
        ...


class HubLedger(Protocol):
    """The hub's tables, as seen on behalf of one participant."""

    def issue_nonce(self, nonce: str, expires: datetime) -> None:
        """Remember a nonce by its digest."""
        ...

    def take_nonce(self, nonce: str, now: datetime) -> bool:
        """Use a nonce up; False when it is unknown here, too old or already used."""
        ...

    def open_session(self, session: Session, institution: Institution, thumbprint: str) -> None:
        """Remember a session by the digest of its secret."""
        ...

    def session(self, secret: str, thumbprint: str, now: datetime) -> Institution | None:
        """Who opened it, if it is open and bound to this certificate."""
        ...

    def register(self, link: RegisteredLink, replaces: LinkId | None) -> None:
        """Put a link in, and mark the one that it replaces. Safe to repeat."""
        ...

    def link(self, link: LinkId) -> RegisteredLink | None:
        """Look a link of this participant up."""
        ...

    def withdraw(self, link: LinkId) -> bool:
        """Mark a link of this participant as cancelled; False when there is none."""
        ...

    def decide(self, decision: Decision) -> None:
        """Keep a decision, granted or denied."""
        ...

    def add_offer(self, offer: Offer) -> None:
        """Keep an offer to this participant. Safe to repeat."""
        ...

    def offer(self, offer: str) -> Offer | None:
        """Look up an offer to this participant."""
        ...

    def offers(self) -> Sequence[Offer]:
        """Offers to this participant that are not taken up."""
        ...

    def book(self, receipt: Mapping[str, str | int], proof: str) -> bool:
        """Keep a receipt; False when this transfer's receipt is already there."""
        ...

    def sweep(self, now: datetime) -> int:
        """Forget nonces and sessions that have ended; how many."""
        ...


class Directory(Protocol):
    """Participants, as rows that everyone may read."""

    def find(self, telematik_id: TelematikId) -> Participant | None:
        """Look one up."""
        ...

    def all(self) -> Sequence[Participant]:
        """All of them, by name."""
        ...

    def put(self, participant: Participant) -> None:
        """Write or overwrite one; only on behalf of that participant."""
        ...


class PacsRegistry(Protocol):
    """The PACS of this participant."""

    def find(self, name: str) -> Passport:
        """Look one up. Raises `UnknownPacs`."""
        ...

    def all(self) -> Sequence[Passport]:
        """All of them, by name."""
        ...

    def put(self, passport: Passport) -> None:
        """Write or overwrite one."""
        ...


class UnitOfWork(Protocol):
    """One transaction on behalf of one participant: state, next job, event and audit entry are committed together.

    What leaves the house leaves after the commit.
    """

    transfers: Transfers
    links: Links
    serving: Serving
    hub: HubLedger
    directory: Directory
    pacs: PacsRegistry

    def audit(self, action: Action, **fields: str | int) -> None:
        """Append to this participant's chain."""
        ...

    def emit(self, topic: str, **body: str | int) -> None:
        """Append to the event stream, and wake whoever listens."""
        ...

    def defer(self, job: str, *, once: str = "", **ids: str) -> None:
        """Queue a job by name; arguments are ids only. With `once`, a job that still waits under this key is enough."""
        ...

    def on_behalf_of(self, participant: TelematikId) -> AbstractContextManager[None]:
        """Act for another participant within the same transaction (the hub, between requester and origin)."""
        ...


class Store(Protocol):
    """The door to the database."""

    def work(self, participant: TelematikId) -> AbstractContextManager[UnitOfWork]:
        """Open one unit of work; it commits at the end and rolls back on any exception."""
        ...


# --- a node, put together ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Node:
    """Everything a use case of a node needs. Tests put fakes in the places of the outer world."""

    me: TelematikId
    name: str
    hub_audience: str
    thumbprint: str
    signer: Signer
    store: Store
    card: Card
    record: Record
    hub: Hub
    archive: Callable[[Passport], Archive]
    destination: Callable[[Passport], Destination]
    origin: Callable[[Participant, str], OriginNode]
    now: Callable[[], datetime]
