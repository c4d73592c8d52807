"""The few questions that are asked of a FHIR element in JSON; what has another form raises `EpaMalformed`."""

from __future__ import annotations

from collections.abc import Mapping

from ti_adapter.epa.errors import EpaMalformed
from ti_adapter.epa.mhd.names import from_fhir_time, scheme_of
from ti_adapter.xds import Code

Element = Mapping[str, object]


def element(said: object) -> Element:
    """An element, empty where it is left out."""
    if said is None:
        return {}
    if not isinstance(said, dict):
        raise EpaMalformed("element")
    return said


def objects(said: object) -> list[Element]:
    """A list of elements, empty where it is left out."""
    if said is None:
        return []
    if not isinstance(said, list) or not all(isinstance(one, dict) for one in said):
        raise EpaMalformed("element")
    return said


def text(said: Element, name: str) -> str:
    """A text that has to be there."""
    value = maybe(said, name)
    if not value:
        raise EpaMalformed(name)
    return value


def maybe(said: Element, name: str) -> str:
    """A text, empty where it is left out."""
    value = said.get(name, "")
    if not isinstance(value, str):
        raise EpaMalformed(name)
    return value


def codes_of(concept: Element) -> list[Code]:
    """The codings of a CodeableConcept."""
    return [code_of(one) for one in objects(concept.get("coding"))]


def code_of(coding: Element) -> Code:
    """A Coding."""
    return Code(text(coding, "code"), scheme_of(text(coding, "system")), maybe(coding, "display"))


def size_of(said: object) -> int | None:
    """A number of bytes, None where it is left out."""
    if said is None:
        return None
    if type(said) is not int or said < 0:
        raise EpaMalformed("size")
    return said


def time_of(said: str, name: str) -> str:
    """A dateTime as XDS writes it."""
    try:
        return from_fhir_time(said)
    except (ValueError, OverflowError):
        raise EpaMalformed(name) from None


def maybe_time(said: Element, name: str) -> tuple[str, ...]:
    """The same, none where it is left out."""
    value = maybe(said, name)
    return (time_of(value, name),) if value else ()
