"""What a record system is told about a document, and the two of them on their way into a record."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from linkexchange.model.identifiers import LinkId, Oid


@dataclass(frozen=True, slots=True)
class Coding:
    """A code as XDS has it: code, OID of its system, words. `uri` is the system's name in FHIR, where it has one."""

    code: str
    system: str
    display: str
    uri: str = ""

    @property
    def fhir_system(self) -> str:
        """The system as FHIR names it."""
        return self.uri or f"urn:oid:{self.system}"


@dataclass(frozen=True, slots=True)
class XdsMetadata:
    """What an XDS DocumentEntry says of a document (ITI TF-3 section 4.2.3.2). Attributes are named as XDS names them.

    `size` is in bytes, `hash` the SHA-1 in hexadecimal that XDS asks for (not a proof of anything here).
    """

    unique_id: Oid
    mime_type: str
    class_code: Coding
    type_code: Coding
    format_code: Coding
    practice_setting_code: Coding
    healthcare_facility_type_code: Coding
    confidentiality_code: tuple[Coding, ...]
    event_code_list: tuple[Coding, ...]
    language_code: str
    title: str
    creation_time: datetime
    service_start_time: datetime | None
    patient_id: str
    author_institution: str
    reference_id_list: tuple[str, ...]
    size: int
    hash: str
    home_community_id: str
    replaces: LinkId | None

    def slots(self) -> dict[str, tuple[str, ...]]:
        """The attributes that are ebRIM slots, as texts; what has no value is left out."""
        rows = {
            "creationTime": (_time(self.creation_time),),
            "languageCode": (self.language_code,),
            "serviceStartTime": (_time(self.service_start_time),) if self.service_start_time else (),
            "sourcePatientId": (self.patient_id,),
            "size": (str(self.size),),
            "hash": (self.hash,),
            "urn:ihe:iti:xds:2013:referenceIdList": self.reference_id_list,
        }
        return {name: values for name, values in rows.items() if values}

    def codes(self) -> dict[str, tuple[Coding, ...]]:
        """The attributes that are ebRIM classifications, by the names of XDS; what has no value is left out."""
        rows = {
            "classCode": (self.class_code,),
            "typeCode": (self.type_code,),
            "formatCode": (self.format_code,),
            "practiceSettingCode": (self.practice_setting_code,),
            "healthcareFacilityTypeCode": (self.healthcare_facility_type_code,),
            "confidentialityCode": self.confidentiality_code,
            "eventCodeList": self.event_code_list,
        }
        return {name: values for name, values in rows.items() if values}


@dataclass(frozen=True, slots=True)
class Filing:
    """A document with what its record is told of it."""

    content: bytes = field(repr=False)
    metadata: XdsMetadata = field(repr=False)


def _time(moment: datetime) -> str:
    """DTM in UTC, to the second."""
    return f"{moment.astimezone(UTC):%Y%m%d%H%M%S}".rjust(14, "0")
