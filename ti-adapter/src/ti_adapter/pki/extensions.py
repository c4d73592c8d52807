"""Extensions of a certificate as values: what may be missing, and who the institution is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeVar

from cryptography import x509

from ti_adapter.errors import CertificateRefused
from ti_adapter.pki.reason import Reason

_Kind = TypeVar("_Kind", bound=x509.ExtensionType)

_TELEMATIK_ID = re.compile(r"(?=.{1,128}\Z)[1-9][0-9]?-[\x21-\x7E]+")


@dataclass(frozen=True, slots=True)
class Admission:
    """What the Admission extension (1.3.36.8.3.3) says: who the institution is, and in which roles."""

    telematik_id: str
    profession_oids: tuple[str, ...]
    profession_items: tuple[str, ...]


def read_admission(extensions: x509.Extensions) -> Admission:
    """Step 11 of `verify_institution`: the one Admission, complete."""
    admissions = value_of(extensions, x509.Admissions)
    infos = [info for admission in admissions or () for info in admission.profession_infos]
    if len(infos) != 1:
        raise CertificateRefused(11, Reason.ADMISSION)
    telematik_id = infos[0].registration_number or ""
    if not _TELEMATIK_ID.fullmatch(telematik_id):
        raise CertificateRefused(11, Reason.TELEMATIK_ID)
    if not infos[0].profession_oids:
        raise CertificateRefused(11, Reason.PROFESSION)
    oids = tuple(oid.dotted_string for oid in infos[0].profession_oids)
    return Admission(telematik_id, oids, tuple(infos[0].profession_items))


def profession_oids(extensions: x509.Extensions) -> tuple[str, ...]:
    """All the roles that the Admission names, whether or not it names a Telematik-ID."""
    infos = [info for one in value_of(extensions, x509.Admissions) or () for info in one.profession_infos]
    return tuple(oid.dotted_string for info in infos for oid in info.profession_oids or ())


def value_of(extensions: x509.Extensions, kind: type[_Kind]) -> _Kind | None:
    """The extension of a kind, None where the certificate has none."""
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
