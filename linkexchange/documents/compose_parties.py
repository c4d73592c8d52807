"""Patient, origin, and the software that writes."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version

from linkexchange.documents import names
from linkexchange.documents.building import Element, coding, concept, filled, listed, reference, resource
from linkexchange.documents.text import plain
from linkexchange.model.link import Link, Origin

GENDERS = {"M": "male", "F": "female", "O": "other"}
MANUFACTURER = "linkexchange"


def patient(link: Link) -> Element:
    """Whose study it is."""
    person = link.patient
    local = {
        "type": concept(coding(names.IDENTIFIER_TYPE, "MR")),
        "system": names.patient_system(link.origin.telematik_id),
        "value": plain(person.local_id),
    }
    name = filled(use="official", family=plain(person.family), given=listed(plain(person.given)))
    return resource(
        "Patient",
        "link-patient",
        identifier=[{"system": names.KVNR, "value": str(person.kvnr)}, *([local] if local["value"] else [])],
        name=[name] if len(name) > 1 else None,
        gender=GENDERS.get(person.sex, "unknown") if person.sex else None,
        birthDate=person.birth_date.isoformat() if person.birth_date else None,
    )


def organization(link: Link) -> Element:
    """The origin. Without a name of its own it is called by its Telematik-ID, since the profile wants one."""
    origin = link.origin
    return resource(
        "Organization",
        "link-organization",
        identifier=[it for it in _numbers(origin) if it["value"]],
        name=plain(origin.name) or str(origin.telematik_id),
    )


def _numbers(origin: Origin) -> tuple[Element, ...]:
    kinds = (
        ("PRN", names.TELEMATIK_ID, str(origin.telematik_id)),
        ("BSNR", names.BSNR, str(origin.bsnr or "")),
        ("XX", names.IKNR, str(origin.iknr or "")),
    )
    return tuple(
        {"type": concept(coding(names.IDENTIFIER_TYPE, kind)), "system": system, "value": value}
        for kind, system, value in kinds
    )


def device(link: Link) -> Element:
    """The software, so that faults can be traced to a version of it."""
    return resource(
        "Device",
        "link-device",
        manufacturer=MANUFACTURER,
        type=concept(coding(names.DEVICE_TYPE, names.MADO_CREATOR)),
        version=[{"value": _version()}],
        owner=reference(link, "Organization"),
    )


@cache
def _version() -> str:
    return version("linkexchange")
