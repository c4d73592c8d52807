"""What is odd about a Key Object Selection that can be read all the same."""

from __future__ import annotations

from enum import StrEnum


class Defect(StrEnum):
    """Oddities that are found in the field, each once in a reading: code, and the sentence for people."""

    sentence: str

    def __new__(cls, code: str, sentence: str) -> Defect:
        """The value is the code."""
        made = str.__new__(cls, code)
        made._value_ = code
        made.sentence = sentence
        return made

    TITLE_OF_INTEREST = "title-of-interest", "The title is `Of Interest` (113000), not that of a manifest."
    TITLE_PLACEHOLDER = "title-placeholder", "The title is ddd001, which no final standard knows."
    CONTENT_NESTED = "content-nested", "The content stands in a second root within the first."
    RELATIONSHIP_UNDERSCORES = "relationship-underscores", "Relationship Types are written with underscores."
    RELATIONSHIP_MISSING = "relationship-missing", "Content items lack their Relationship Type."
    CODE_WITHOUT_SCHEME = "code-without-scheme", "Codes lack their Coding Scheme Designator."
    REGION_UNKNOWN = "region-unknown", "A Target Region is no SNOMED CT code; it is left out."
    NUMBER_AS_SIBLING = "number-as-sibling", "Instance Numbers stand before the instances and not within them."
    COUNT_AS_TEXT = "count-as-text", "Numbers of series or instances are texts."
    VR_WRONG = "vr-wrong", "Elements have another VR than DICOM gives them."
    ZONE_MISSING = (
        "zone-missing",
        "There is no Timezone Offset From UTC; times are taken as local ones of this machine.",
    )
    ISSUER_MISSING = "issuer-missing", "A Patient ID has no issuer."
    LOCATION_MISSING = "location-missing", "A series has no Retrieve Location UID."
    LOCATION_PREFIXED = "location-prefixed", "The Retrieve Location UID is written as a URN."
    LOCATION_NO_OID = "location-no-oid", "The Retrieve Location UID is no OID; it is left out."
    LOCATIONS_DIFFER = "locations-differ", "Series lie in different places; that of the first is taken."
    AE_TITLE_UNKNOWN = "ae-title-unknown", "The Retrieve AE Title is the placeholder UNKNOWN; it is left out."
    ADDRESS_NOT_HTTPS = "address-not-https", "The Retrieve URL is no https URL; it is left out."
