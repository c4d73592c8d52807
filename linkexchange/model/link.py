"""A link: what the document in the patient's record says, as a value."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from linkexchange.model.identifiers import LinkId, Sha256, TelematikId
from linkexchange.model.patient import Patient
from linkexchange.model.study import Manifest


class MediaType(StrEnum):
    """The two encodings of a FHIR document."""

    XML = "application/fhir+xml"
    JSON = "application/fhir+json"


class LinkStatus(StrEnum):
    """ImagingStudy.status, as far as a link uses it."""

    AVAILABLE = "available"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Origin:
    """The institution whose PACS holds the study."""

    telematik_id: TelematikId
    name: str


@dataclass(frozen=True, slots=True)
class Link:
    """One version of a link to one study. `replaces` names the version before it."""

    link: LinkId
    origin: Origin
    patient: Patient
    manifest: Manifest
    published: datetime
    expires: datetime
    started: datetime | None = None
    description: str = ""
    accession: str = ""
    status: LinkStatus = LinkStatus.AVAILABLE
    replaces: LinkId | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A link document as bytes. These very bytes are stored and hashed, never a rewriting of them."""

    content: bytes
    media_type: MediaType

    @property
    def digest(self) -> Sha256:
        """SHA-256 of the bytes: who can name it holds the document."""
        return Sha256(hashlib.sha256(self.content).hexdigest())


def lock_of(document_digest: Sha256) -> Sha256:
    """What the hub's ledger keeps: the digest of the digest, so that a copy of the ledger opens nothing."""
    return Sha256(hashlib.sha256(bytes.fromhex(document_digest)).hexdigest())
