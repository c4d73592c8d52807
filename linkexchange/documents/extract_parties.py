"""Patient, origin and its endpoint, out of the R4B model."""

from __future__ import annotations

from datetime import date
from typing import Any

from linkexchange.documents import names
from linkexchange.documents.compose_parties import GENDERS
from linkexchange.documents.elements import (
    at_most_one,
    coded,
    extension,
    identifier,
    text,
    typed,
    with_system,
    without_urn,
)
from linkexchange.model.identifiers import AeTitle, Bsnr, Iknr, Kvnr, Oid, TelematikId
from linkexchange.model.link import Origin
from linkexchange.model.patient import Patient

_SEXES = {gender: sex for sex, gender in GENDERS.items()} | {"unknown": ""}


def origin(organization: Any, endpoint: Any) -> Origin:
    """The institution, with what its endpoint says of it."""
    path, numbers = "Organization.identifier", organization.identifier
    bsnr, iknr = (at_most_one(with_system(numbers, system), path) for system in (names.BSNR, names.IKNR))
    community = extension(endpoint, names.HOME_COMMUNITY_ID, "Endpoint.extension(home-community-id)")
    return Origin(
        telematik_id=typed(TelematikId, identifier(numbers, names.TELEMATIK_ID, path), path),
        name=text(organization.name, "Organization.name"),
        bsnr=typed(Bsnr, bsnr, path) if bsnr else None,
        iknr=typed(Iknr, iknr, path) if iknr else None,
        location=_location(endpoint),
        home_community=typed(Oid, without_urn(community.valueUri), "Endpoint.extension(home-community-id)")
        if community
        else None,
    )


def _location(endpoint: Any) -> Oid | None:
    """Written in several ways by others, some of which are no OID: such a one is nothing to look an address up by."""
    found = extension(endpoint, names.RETRIEVE_LOCATION_UID, "Endpoint.extension(retrieve-location-uid)")
    try:
        return Oid(without_urn(found and found.valueString).removeprefix("oid:"))
    except ValueError:
        return None


def retrieve_ae(endpoint: Any) -> AeTitle | None:
    """Retrieve AE Title."""
    path = "Endpoint.extension(retrieve-ae-title)"
    found = extension(endpoint, names.RETRIEVE_AE_TITLE, path)
    return typed(AeTitle, found.valueString, path) if found else None


def patient(element: Any, telematik_id: TelematikId) -> Patient:
    """The patient, with the number that the origin uses."""
    path = "Patient.identifier"
    local = at_most_one(with_system(element.identifier, names.patient_system(telematik_id)), path)
    name = next(iter(sorted(element.name or (), key=lambda it: it.use != "official")), None)
    return Patient(
        kvnr=typed(Kvnr, identifier(element.identifier, names.KVNR, path), path),
        family=text(name and name.family, "Patient.name.family"),
        given=text(name and " ".join(name.given or ()), "Patient.name.given"),
        birth_date=_full_date(element.birthDate),
        sex=_SEXES[coded(element.gender, _SEXES, "Patient.gender")] if element.gender else "",
        local_id=text(local, path),
    )


def _full_date(value: Any) -> date | None:
    """A year or a month alone is no birth date that could prove anything; it counts as not known."""
    return value if isinstance(value, date) else None
