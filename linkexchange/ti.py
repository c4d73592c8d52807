"""Ports over `ti_adapter`: the institution's card, the proof of an institution, and the patient's record.

Errors of `ti_adapter` end here and become those of `linkexchange.errors`. The record system is a simulated one until
the real interfaces stand beside it.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from cryptography import x509

from linkexchange.documents.signatory import Signatory
from linkexchange.errors import (
    AlreadyStored,
    CardUnavailable,
    DocumentFault,
    Fault,
    IdentityRefused,
    MessageFault,
    NotEntitled,
    RecordUnavailable,
    SettingRefused,
)
from linkexchange.model.identifiers import Kvnr, Oid, TelematikId
from linkexchange.model.link import Document, MediaType
from linkexchange.model.metadata import Filing, XdsMetadata
from linkexchange.model.participant import Institution
from linkexchange.ports import Card, Record, RecordEntry
from ti_adapter import attestation
from ti_adapter.errors import CardFailed, ErrorCode, ProofFailed, RecordRefused, RecordSilent
from ti_adapter.pki import TrustList, verify_institution
from ti_adapter.xds import Code, DocumentEntry

if TYPE_CHECKING:
    from ti_adapter.simulator.client import RecordClient
    from ti_adapter.simulator.record import Entry, Upload

DOCUMENT_MAX_BYTES = 25_000_000
"""Limit of the ePA for one document: 25 MB."""

_LINK_DOCUMENTS = frozenset(kind.value for kind in MediaType)

_REFUSALS: dict[ErrorCode, type[Fault]] = {
    ErrorCode.MALFORMED_REQUEST: MessageFault,
    ErrorCode.INVALID_AUTH: IdentityRefused,
    ErrorCode.NOT_ENTITLED: NotEntitled,
    ErrorCode.NO_HEALTH_RECORD: NotEntitled,
    ErrorCode.NO_RESOURCE: NotEntitled,
    ErrorCode.STATUS_MISMATCH: NotEntitled,
    ErrorCode.DOCUMENT_TOO_LARGE: DocumentFault,
    ErrorCode.DUPLICATE_DOCUMENT: AlreadyStored,
}

_Answer = TypeVar("_Answer")


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class AttestingCard:
    """`ports.Card` over a card that signs digests."""

    card: attestation.Card
    clock: Callable[[], datetime] = _utc_now

    def attest(self, *, audience: str, nonce: str, thumbprint: str) -> str:
        """A signed attestation for one nonce, bound to a TLS certificate."""
        with _of_card():
            return attestation.build(self.card, audience=audience, nonce=nonce, thumbprint=thumbprint, now=self.clock())


@dataclass(frozen=True, slots=True)
class AttestationVerifier:
    """Who believes attestations made for one audience."""

    trust: TrustList
    audience: str

    @classmethod
    def from_pem(cls, trust: bytes, audience: str) -> Self:
        """Read the trust list from a PEM file; raises `SettingRefused`."""
        return cls(_trust_list(trust), audience)

    def __call__(self, token: str, thumbprint: str, now: datetime) -> tuple[Institution, str]:
        """The institution that signed, and the nonce, whose being unused is left to the caller.

        Raises `IdentityRefused` with the failed step, also for a card with more than one role: none of them would say
        which one it acts in.
        """
        try:
            it = attestation.verify(token, audience=self.audience, thumbprint=thumbprint, trust=self.trust, now=now)
        except ProofFailed as failed:
            raise IdentityRefused(str(failed)) from failed
        if len(it.profession_oids) != 1:
            raise IdentityRefused("several professionOIDs")
        return Institution(TelematikId(it.telematik_id), it.profession_oids[0], it.name), it.nonce


class SimulatedRecord:
    """`ports.Record` over the simulated record system. Logs in when it must, and again when the login has ended.

    Beyond what the port promises, a call may raise `CardUnavailable` or `IdentityRefused`, since it may have to log in.
    """

    def __init__(self, client: RecordClient, card: Card) -> None:
        self._client = client
        self._card = card
        self._session = ""
        self._login = threading.Lock()

    def store(self, kvnr: Kvnr, filing: Filing) -> RecordEntry:
        """Put a new document into the record. Raises `DocumentFault` where it is too large for it."""
        upload = _upload(filing)
        return _record_entry(self._call(lambda session: self._client.store(session, kvnr, upload)))

    def find(self, kvnr: Kvnr) -> Sequence[RecordEntry]:
        """List the current link documents, newest first."""
        listed = self._call(lambda session: self._client.find(session, kvnr))
        return [_record_entry(entry) for entry in listed if entry.media_type in _LINK_DOCUMENTS]

    def look_up(self, kvnr: Kvnr, unique_id: Oid) -> RecordEntry | None:
        """The document under a uniqueId, of any kind; None where it is not there, replaced or hidden."""
        listed = self._call(lambda session: self._client.find(session, kvnr, unique_id=unique_id))
        return _record_entry(listed[0]) if listed else None

    def retrieve(self, kvnr: Kvnr, entry: str) -> Document:
        """Read one document: the very bytes that were stored. Raises `DocumentFault` where it is no FHIR document."""
        read = self._call(lambda session: self._client.retrieve(session, kvnr, entry))
        if read.media_type not in _LINK_DOCUMENTS:
            raise DocumentFault("media type")
        return Document(read.content, MediaType(read.media_type))

    def replace(self, kvnr: Kvnr, entry: str, filing: Filing) -> RecordEntry:
        """Put a new version in the place of an entry. Raises `DocumentFault` where it is too large for the record."""
        upload = _upload(filing)
        return _record_entry(self._call(lambda session: self._client.replace(session, kvnr, upload, entry=entry)))

    def withdraw(self, kvnr: Kvnr, entry: str, closing: Filing) -> RecordEntry:
        """Replace an entry by its closing version."""
        return self.replace(kvnr, entry, closing)

    def _call(self, operation: Callable[[str], _Answer]) -> _Answer:
        """Run it in the open session, and once more in a new one where the record says that this one has ended."""
        with _translated():
            session = self._session
            try:
                return operation(session or self._renew(session))
            except RecordRefused as refused:
                if not session or refused.code is not ErrorCode.INVALID_AUTH:
                    raise
            return operation(self._renew(session))

    def _renew(self, ended: str) -> str:
        """Log in, unless another thread has just done so."""
        with self._login:
            if self._session == ended:
                token = self._card.attest(
                    audience=self._client.audience, nonce=self._client.nonce(), thumbprint=secrets.token_urlsafe(32)
                )
                self._session = self._client.open_session(token).secret
            return self._session


def believing(trust: bytes, clock: Callable[[], datetime] = _utc_now) -> Callable[[x509.Certificate], None]:
    """Who believes the cards whose issuers stand in a trust list in PEM, as `pki.verify_institution` does.

    What it gives raises `IdentityRefused` with the failed step. Raises `SettingRefused` where the list is none.
    """
    listed = _trust_list(trust)

    def believe(certificate: x509.Certificate) -> None:
        try:
            verify_institution(certificate, listed, clock())
        except ProofFailed as failed:
            raise IdentityRefused(str(failed)) from failed

    return believe


def _trust_list(pem: bytes) -> TrustList:
    try:
        return TrustList.from_pem(pem)
    except ValueError as wrong:
        raise SettingRefused("the trust list must hold CA certificates in PEM") from wrong


def open_simulated_card(card_folder: Path) -> Card:
    """The card whose files lie in a folder; while none lies there, it raises `CardUnavailable` when it is used."""
    from ti_adapter.simulator.card import CardSlot

    return AttestingCard(CardSlot(card_folder))


def simulated_signatory(card_folder: Path) -> Signatory:
    """Who signs documents with the card in a folder, as a Konnektor's ExternalAuthenticate would let it.

    Raises `CardUnavailable` where none lies there, here or when it signs.
    """
    from ti_adapter.simulator.card import CardSlot

    slot = CardSlot(card_folder)
    with _of_card():
        return Signatory((slot.certificate,), _of_card()(slot.external_authenticate))


@contextmanager
def _of_card() -> Iterator[None]:
    try:
        yield
    except CardFailed as failed:
        raise CardUnavailable from failed


def open_simulated_record(url: str, card_folder: Path) -> Record:
    """The simulated record system at a URL, opened with the card in a folder."""
    from ti_adapter.simulator.client import RecordClient

    return SimulatedRecord(RecordClient(url), open_simulated_card(card_folder))


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except RecordRefused as refused:
        raise _REFUSALS[refused.code](refused.code.value) from refused
    except RecordSilent as silent:
        raise RecordUnavailable(str(silent)) from silent


def _upload(filing: Filing) -> Upload:
    from ti_adapter.simulator.record import Upload

    if len(filing.content) > DOCUMENT_MAX_BYTES:
        raise DocumentFault("larger than 25 MB")
    return Upload(filing.content, _document_entry(filing.metadata))


def _document_entry(metadata: XdsMetadata) -> DocumentEntry:
    """As `ti_adapter` has it. Which version it replaces is said with the entry that it replaces."""
    codes = {
        name: tuple(Code(it.code, it.system, it.display) for it in them) for name, them in metadata.codes().items()
    }
    return DocumentEntry(
        unique_id=metadata.unique_id,
        mime_type=metadata.mime_type,
        title=metadata.title,
        patient_id=metadata.patient_id,
        author_institution=metadata.author_institution,
        home_community_id=metadata.home_community_id,
        codes=codes,
        slots=metadata.slots(),
    )


def _record_entry(entry: Entry) -> RecordEntry:
    return RecordEntry(
        entry.entry, entry.title, entry.author, entry.created, entry.media_type, entry.metadata.unique_id
    )
