"""From what a manifest says to a link: what it cannot say must be said beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import NAMESPACE_OID, uuid5

from linkexchange.documents import names
from linkexchange.documents.kos.manifest import KosManifest, Subject
from linkexchange.errors import DocumentFault
from linkexchange.model.identifiers import Kvnr, LinkId, TelematikId
from linkexchange.model.link import Link, Origin
from linkexchange.model.patient import KVNR_ISSUER, Patient

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Supplement:
    """What a manifest from elsewhere does not say: origin and patient as the German network knows them, and expiry."""

    telematik_id: TelematikId | None = None
    kvnr: Kvnr | None = None
    expires: datetime | None = None


def link_of(kos: KosManifest, supplement: Supplement = Supplement()) -> Link:
    """The link that a manifest stands for.

    Raises:
        DocumentFault: Something is neither in the manifest nor beside it, or is there twice and differs.
    """
    creator = kos.creator
    telematik_id = _one(creator.telematik_id, supplement.telematik_id, "InstitutionName: Telematik-ID")
    place = kos.whereabouts
    return Link(
        link=link_id(kos),
        origin=Origin(telematik_id, creator.name, creator.bsnr, creator.iknr, place.location, creator.home_community),
        patient=_patient(kos.subject, telematik_id, supplement.kvnr),
        manifest=kos.manifest,
        published=kos.published,
        expires=_one(kos.expires, supplement.expires, "expiry"),
        started=kos.started,
        description=kos.description,
        orders=kos.orders,
        regions=kos.regions,
        retrieve_ae=place.retrieve_ae,
        replaces=kos.replaces,
        particulars=kos.particulars,
    )


def link_id(kos: KosManifest) -> LinkId:
    """The UUID of our own manifests; for others, one derived from their SOP Instance UID."""
    try:
        return LinkId.from_oid(kos.sop_instance)
    except ValueError:
        return LinkId(str(uuid5(NAMESPACE_OID, kos.sop_instance)))


def _one(said: T | None, beside: T | None, path: str) -> T:
    found = said if said is not None else beside
    if found is None:
        raise DocumentFault(f"{path}: not in the manifest, and not given beside it")
    if beside is not None and found != beside:
        raise DocumentFault(f"{path}: differs from what is given beside the manifest")
    return found


def _patient(subject: Subject, origin: TelematikId, beside: Kvnr | None) -> Patient:
    said = next((it.value for it in subject.identifiers if it.issuer == KVNR_ISSUER), None)
    try:
        kvnr = Kvnr(said) if said is not None else None
    except ValueError:
        raise DocumentFault("PatientID: syntax of Kvnr") from None
    others = [it for it in subject.identifiers if it.issuer != KVNR_ISSUER]
    local = next((it for it in others if it.issuer == names.patient_system(origin)), others[0] if others else None)
    return Patient(
        _one(kvnr, beside, "PatientID: KVNR"),
        subject.family,
        subject.given,
        subject.birth_date,
        subject.sex,
        local.value if local else "",
    )
