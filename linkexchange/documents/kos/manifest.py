"""What a Key Object Selection says, as a value: less than a link where it comes from elsewhere, and never more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from linkexchange.documents.kos.defects import Defect
from linkexchange.model.identifiers import AeTitle, Bsnr, Iknr, LinkId, Oid, TelematikId, Uid
from linkexchange.model.link import Code, Order, Particulars
from linkexchange.model.study import Manifest


class Lookup(StrEnum):
    """How whoever wants the study finds out where it is. An address is a hint all the same, never to be opened."""

    ADDRESS = "address"
    LOCATION = "location"
    AE_TITLE = "ae-title"
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a manifest says that the study is, by Retrieve URL, Retrieve Location UID and Retrieve AE Title."""

    address: str | None = None
    location: Oid | None = None
    retrieve_ae: AeTitle | None = None

    @property
    def lookup(self) -> Lookup:
        """The best way there is: the address; else a look-up of the location, else of the AE title."""
        if self.address:
            return Lookup.ADDRESS
        if self.location:
            return Lookup.LOCATION
        return Lookup.AE_TITLE if self.retrieve_ae else Lookup.NOWHERE


@dataclass(frozen=True, slots=True)
class PatientIds:
    """Patient ID with the OID or URI of its issuer, which is empty where it is not named."""

    value: str
    issuer: str


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose study it is, as the manifest says; texts are empty where it says nothing."""

    identifiers: tuple[PatientIds, ...]
    family: str
    given: str
    birth_date: date | None
    sex: str


@dataclass(frozen=True, slots=True)
class Creator:
    """The institution that made the manifest; None is not said."""

    name: str
    telematik_id: TelematikId | None = None
    bsnr: Bsnr | None = None
    iknr: Iknr | None = None
    home_community: Oid | None = None


@dataclass(frozen=True, slots=True)
class KosManifest:
    """One manifest, with the oddities that were seen in it. `link_of` makes a link of it."""

    sop_instance: Uid
    manifest: Manifest
    subject: Subject
    creator: Creator
    whereabouts: Whereabouts
    published: datetime
    expires: datetime | None
    started: datetime | None
    description: str
    orders: tuple[Order, ...]
    regions: tuple[Code, ...]
    replaces: LinkId | None
    particulars: Particulars
    defects: tuple[Defect, ...]
