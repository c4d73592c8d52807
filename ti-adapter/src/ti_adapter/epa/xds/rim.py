"""The few elements of ebRIM 3.0 that XDS is made of: slots, names, classifications, identifiers, associations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.epa.xds import tree
from ti_adapter.epa.xds.errors import Malformed, XdsMalformed
from ti_adapter.epa.xds.names import RIM
from ti_adapter.epa.xds.soap import maker
from ti_adapter.xds import Code

_VALUE_MAX = 256
"""Characters of any value in ebRIM (LongName, FreeFormText)."""
_CODING_SCHEME = "codingScheme"


def name(local: str) -> str:
    """The full name of an element."""
    return f"{{{RIM}}}{local}"


def limited(value: str) -> str:
    """A value that ebRIM takes. Raises ValueError, which does not repeat it."""
    if not 0 < len(value) <= _VALUE_MAX:
        raise ValueError(f"a value of ebRIM has 1 to {_VALUE_MAX} characters")
    return value


def slot(slot_name: str, values: Sequence[str]) -> etree._Element:
    """A Slot."""
    rim = maker(RIM)
    return rim.Slot(rim.ValueList(*(rim.Value(limited(value)) for value in values)), name=limited(slot_name))


def slots(rows: Mapping[str, Sequence[str]]) -> list[etree._Element]:
    """Slots; what has no value is left out."""
    return [slot(slot_name, values) for slot_name, values in rows.items() if values]


def read_slots(element: etree._Element) -> dict[str, tuple[str, ...]]:
    """The slots of an element, each once."""
    found: dict[str, tuple[str, ...]] = {}
    for one in element.iterfind(name("Slot")):
        slot_name = tree.attribute(one, "name")
        if slot_name in found:
            raise XdsMalformed(Malformed.ELEMENT, "Slot")
        found[slot_name] = tuple(tree.text(value) for value in tree.only(one, name("ValueList")))
    return found


def words(local: str, value: str) -> list[etree._Element]:
    """A Name or Description, none where there are no words."""
    rim = maker(RIM)
    return [rim(local, rim.LocalizedString(value=limited(value)))] if value else []


def read_words(element: etree._Element, local: str) -> str:
    """The first of a Name or Description, empty where it is left out."""
    found = tree.maybe(element, name(local))
    first = None if found is None else found.find(name("LocalizedString"))
    return "" if first is None else str(first.get("value", ""))


def code(scheme: str, value: Code, *, of: str, number: str) -> etree._Element:
    """A Classification by a code; `of` is the id of what it classifies, `number` its own."""
    return maker(RIM).Classification(
        slot(_CODING_SCHEME, [value.scheme]),
        *words("Name", value.display),
        id=number,
        classificationScheme=scheme,
        classifiedObject=of,
        nodeRepresentation=limited(value.code),
    )


def read_code(classification: etree._Element) -> Code:
    """The code in a Classification."""
    schemes = read_slots(classification).get(_CODING_SCHEME, ())
    if len(schemes) != 1:
        raise XdsMalformed(Malformed.ELEMENT, _CODING_SCHEME)
    representation = tree.attribute(classification, "nodeRepresentation")
    return Code(representation, schemes[0], read_words(classification, "Name"))


def identifier(scheme: str, value: str, label: str, *, of: str, number: str) -> etree._Element:
    """An ExternalIdentifier."""
    return maker(RIM).ExternalIdentifier(
        *words("Name", label), id=number, registryObject=of, identificationScheme=scheme, value=limited(value)
    )


def read_identifier(element: etree._Element, scheme: str) -> str:
    """The value of the one ExternalIdentifier of a scheme."""
    rows = element.iterfind(name("ExternalIdentifier"))
    found = [tree.attribute(one, "value") for one in rows if one.get("identificationScheme") == scheme]
    if len(found) != 1:
        raise XdsMalformed(Malformed.ELEMENT, "ExternalIdentifier")
    return found[0]


def association(
    kind: str, source: str, target: str, *, number: str, told: Mapping[str, Sequence[str]] | None = None
) -> etree._Element:
    """An Association."""
    return maker(RIM).Association(
        *slots(told or {}), id=number, associationType=kind, sourceObject=source, targetObject=target
    )
