"""Small parts of a Key Object Selection, encoded: codes, content items, issuers, times."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache

from linkexchange.documents.kos.encoding import encoded
from linkexchange.documents.kos.flavour import Concept

CODE_VALUE_MAX = 16
ACQUISITION = "HAS ACQ CONTEXT"
CONTAINS = "CONTAINS"


@lru_cache(64)
def code(concept: Concept) -> bytes:
    """Code Sequence Macro (PS3.3 section 8.8); a code of more than 16 characters has an element of its own."""
    name = "CodeValue" if len(concept.value) <= CODE_VALUE_MAX else "LongCodeValue"
    words = {name: concept.value, "CodingSchemeDesignator": concept.scheme, "CodeMeaning": concept.meaning}
    return encoded(**words)


def item(relationship: str, value_type: str, concept: Concept | None, /, **elements: str | list[bytes]) -> bytes:
    """A content item (PS3.3 section C.17.3)."""
    named: dict[str, str | list[bytes]] = {"ConceptNameCodeSequence": [code(concept)]} if concept else {}
    return encoded(RelationshipType=relationship, ValueType=value_type, **named, **elements)


def container(concept: Concept, content: list[bytes]) -> bytes:
    """A content item of others."""
    return item(CONTAINS, "CONTAINER", concept, ContinuityOfContent="SEPARATE", ContentSequence=content)


def coded(concept: Concept, value: Concept) -> bytes:
    """A code that describes what contains it."""
    return item(ACQUISITION, "CODE", concept, ConceptCodeSequence=[code(value)])


def worded(concept: Concept, text: str) -> bytes:
    """A text that describes what contains it."""
    return item(ACQUISITION, "TEXT", concept, TextValue=text)


def counted(concept: Concept, number: int, unit: Concept) -> bytes:
    """A number that describes what contains it."""
    measured = encoded(MeasurementUnitsCodeSequence=[code(unit)], NumericValue=str(number))
    return item(ACQUISITION, "NUM", concept, MeasuredValueSequence=[measured])


def issuer(identifier: str, kind: str) -> bytes:
    """Who issues an identifier: an OID (`ISO`) or a URI (`URI`)."""
    return encoded(UniversalEntityID=identifier, UniversalEntityIDType=kind)


def da(day: date) -> str:
    """DA; years before 1000 keep their zeros."""
    return f"{day.year:04}{day.month:02}{day.day:02}"


def tm(moment: datetime) -> str:
    """TM, with a fraction where there is one."""
    fraction = f".{moment.microsecond:06}" if moment.microsecond else ""
    return f"{moment.hour:02}{moment.minute:02}{moment.second:02}{fraction}"


def offset(moment: datetime) -> str:
    """Timezone Offset From UTC, such as +0100."""
    return moment.strftime("%z")[:5]
