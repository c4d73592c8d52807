"""What the Telematikinfrastruktur gives a node: its card and the patient's record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from linkexchange.model.identifiers import Kvnr, Oid
from linkexchange.model.link import Document
from linkexchange.model.metadata import Filing


class Card(Protocol):
    """The institution's card (SMC-B) behind the Konnektor."""

    def attest(self, *, audience: str, nonce: str, thumbprint: str) -> str:
        """A signed attestation for one nonce, bound to a TLS certificate. Raises `CardUnavailable`."""
        ...


@dataclass(frozen=True, slots=True)
class Insured:
    """Whom an eGK names (VSDM: Persönliche Versichertendaten)."""

    kvnr: Kvnr
    family: str
    given: str
    birth_date: date | None
    sex: str = ""


class InsuredCard(Protocol):
    """The card of an insured person (eGK) that is in the reader.

    Both raise `InsuranceCardUnavailable` where there is none or it cannot be read, and `CardUnavailable` where the
    institution's own card cannot help.
    """

    def insured(self) -> Insured:
        """Whom it names (ReadVSD)."""
        ...

    def open_record(self) -> tuple[Insured, datetime]:
        """Whom it names, and until when this institution may use the record, into which it is let by this card.

        Also raises what `Record` raises.
        """
        ...


@dataclass(frozen=True, slots=True)
class RecordEntry:
    """What the record's list says about one document. `unique_id` is XDS's uniqueId, under which it was filed."""

    entry: str
    title: str
    author: str
    created: datetime
    media_type: str
    unique_id: str = ""


class Record(Protocol):
    """The patient's record (ePA), opened with this institution's own card.

    Every operation raises `NotEntitled` where the record says no (also for what it does not have or the patient has
    hidden), `RecordUnavailable` where it does not answer. Since an operation may have to log in, it also raises
    `CardUnavailable` or `IdentityRefused`; `DocumentFault` for a document that the record cannot take or that is none.

    A record takes a uniqueId once, also that of a document that was replaced or is hidden since: whoever brings another
    one under it gets `AlreadyStored`.
    """

    def store(self, kvnr: Kvnr, filing: Filing) -> RecordEntry:
        """Put a new document into the record."""
        ...

    def find(self, kvnr: Kvnr) -> Sequence[RecordEntry]:
        """List the current link documents, newest first; replaced ones are not listed."""
        ...

    def look_up(self, kvnr: Kvnr, unique_id: Oid) -> RecordEntry | None:
        """The document that was filed under a uniqueId, of any kind; None where it is not there, replaced or hidden."""
        ...

    def retrieve(self, kvnr: Kvnr, entry: str) -> Document:
        """Read one document: the very bytes that were stored."""
        ...

    def replace(self, kvnr: Kvnr, entry: str, filing: Filing) -> RecordEntry:
        """Put a new version in the place of an entry."""
        ...

    def withdraw(self, kvnr: Kvnr, entry: str, closing: Filing) -> RecordEntry:
        """Replace an entry by its closing version (ImagingStudy.status `cancelled`); nothing is ever deleted."""
        ...
