"""A link: what the document in the patient's record says, as a value."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import NAMESPACE_URL, uuid5

from linkexchange.model.identifiers import AeTitle, Bsnr, Iknr, LinkId, Oid, PlainUrl, Sha256, TelematikId
from linkexchange.model.patient import Patient
from linkexchange.model.study import ListingLevel, Manifest


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
    """The institution whose PACS holds the study, under every name that others may know it by; None is not known.

    `location` is the Retrieve Location UID (0040,E011), `home_community` the homeCommunityId of XCA.
    """

    telematik_id: TelematikId
    name: str
    bsnr: Bsnr | None = None
    iknr: Iknr | None = None
    location: Oid | None = None
    home_community: Oid | None = None


@dataclass(frozen=True, slots=True)
class Numbers:
    """What an institution's settings say of it beside Telematik-ID and name; None is not known.

    `location` and `home_community` are those of `Origin`, `retrieve_ae` is that of `Link`.
    """

    bsnr: Bsnr | None = None
    iknr: Iknr | None = None
    location: Oid | None = None
    home_community: Oid | None = None
    retrieve_ae: AeTitle | None = None


def location_of(origin: TelematikId) -> Oid:
    """The Retrieve Location UID of an origin that was given none: derived, so that it is the same in all documents."""
    return Oid(LinkId(str(uuid5(NAMESPACE_URL, origin.uri))).oid)


@dataclass(frozen=True, slots=True)
class Code:
    """A concept of a code system, which is named by its FHIR URL."""

    system: str
    code: str
    display: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """What the study was made for (Referenced Request Sequence, 0040,A370); an empty number is not known.

    Accession Number (0008,0050), Placer Order Number (0040,2016) and Filler Order Number (0040,2017).
    """

    accession: str = ""
    placer_order_number: str = ""
    filler_order_number: str = ""


class Confidentiality(StrEnum):
    """How a document is to be guarded: the codes of HL7 v3 Confidentiality that a Composition may have (FHIR R4)."""

    UNRESTRICTED = "U"
    LOW = "L"
    MODERATE = "M"
    NORMAL = "N"
    RESTRICTED = "R"
    VERY_RESTRICTED = "V"


@dataclass(frozen=True, slots=True)
class Particulars:
    """What an origin says in all of its links, beside the study; None is not said.

    `resolver` is where foreign software asks for a grant, `viewer` where a person looks at images with a browser. Both
    are hints for others: a node of ours opens neither.
    """

    resolver: PlainUrl | None = None
    viewer: PlainUrl | None = None
    confidentiality: Confidentiality | None = None


NOTHING_SAID = Particulars()


@dataclass(frozen=True, slots=True)
class Link:
    """One version of a link to one study. `replaces` names the version before it.

    `regions` are the parts of the body that were imaged, as SNOMED CT codes; empty where nobody has said so.
    `retrieve_ae` is the Retrieve AE Title (0008,0054) at the origin, for who may ask its PACS directly.
    """

    link: LinkId
    origin: Origin
    patient: Patient
    manifest: Manifest
    published: datetime
    expires: datetime
    started: datetime | None = None
    description: str = ""
    orders: tuple[Order, ...] = ()
    regions: tuple[Code, ...] = ()
    retrieve_ae: AeTitle | None = None
    status: LinkStatus = LinkStatus.AVAILABLE
    replaces: LinkId | None = None
    particulars: Particulars = NOTHING_SAID

    @property
    def accession(self) -> str:
        """The Accession Number of a study of one order; empty where there is none, or several."""
        return self.orders[0].accession if len(self.orders) == 1 else ""

    @property
    def level(self) -> ListingLevel:
        """Whether the manifest names every instance, or only counts those of each series."""
        return self.manifest.level


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
