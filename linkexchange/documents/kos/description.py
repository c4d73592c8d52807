"""The content tree of a Key Object Selection: what it says of series and instances beyond the evidence (TID 1600)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from linkexchange.documents.elements import demand, typed
from linkexchange.documents.kos.defects import Defect
from linkexchange.documents.kos.flavour import (
    IMAGE_LIBRARY,
    IMAGE_LIBRARY_GROUP,
    INSTANCE_COUNTS,
    INSTANCE_NUMBER,
    MODALITY,
    SERIES_COUNTS,
    SERIES_DESCRIPTIONS,
    SERIES_NUMBER,
    SERIES_UID,
    TARGET_REGION,
    TITLES,
    UNKNOWN_REGION,
)
from linkexchange.documents.kos.view import View
from linkexchange.model.identifiers import SeriesUid, SopInstanceUid
from linkexchange.model.link import Code
from linkexchange.model.regions import SNOMED_CT

_INTEGER = re.compile(r"[+-]?[0-9]{1,10}")
_FIRST_NUMBER = re.compile(r"[0-9]{1,9}")
_REFERENCES = frozenset({"IMAGE", "COMPOSITE", "WAVEFORM"})
_OF_INTEREST, _PLACEHOLDER, _SCT = "113000", "ddd001", "SCT"


@dataclass(slots=True)
class SeriesWords:
    """What is said of a series."""

    modality: str = ""
    number: int | None = None
    description: str = ""
    size: int | None = None


@dataclass(slots=True)
class Description:
    """What is said of the study, its series and instances; gathered while the tree is walked."""

    regions: list[Code] = field(default_factory=list)
    series_count: int | None = None
    series: dict[SeriesUid, SeriesWords] = field(default_factory=dict)
    numbers: dict[SopInstanceUid, int] = field(default_factory=dict)
    named: set[SopInstanceUid] = field(default_factory=set)


def described(document: View) -> Description:
    """Walk the content. Raises `DocumentFault` when it is not that of a manifest."""
    title = concept(document)
    demand(title in TITLES, "ConceptNameCodeSequence", "not the title of a manifest")
    for code, defect in ((_OF_INTEREST, Defect.TITLE_OF_INTEREST), (_PLACEHOLDER, Defect.TITLE_PLACEHOLDER)):
        if title == code:
            document.seen.add(defect)
    found = Description()
    for item in _children(document):
        _take(item, found)
    return found


def concept(item: View) -> str:
    """The Code Value of what an item is called, empty where it has no name."""
    return next((_code(it)[0] for it in item.items("ConceptNameCodeSequence")), "")


def _code(item: View) -> tuple[str, str, str]:
    """Value, scheme and meaning; a code without a scheme is seen."""
    value, scheme = item.text("CodeValue") or item.text("LongCodeValue"), item.text("CodingSchemeDesignator")
    if not scheme:
        item.seen.add(Defect.CODE_WITHOUT_SCHEME)
    return value, scheme, item.text("CodeMeaning")


def _children(item: View) -> Iterator[View]:
    """Some writers put the whole tree into a second root."""
    for child in item.items("ContentSequence"):
        if child.text("ValueType") == "CONTAINER" and concept(child) in TITLES:
            item.seen.add(Defect.CONTENT_NESTED)
            yield from child.items("ContentSequence")
        else:
            yield child


def _take(item: View, found: Description) -> None:
    """One item of the root: the library, or a reference."""
    kind = _kind(item)
    if kind in _REFERENCES:
        found.named.update(_referenced(item))
    elif kind == "CONTAINER" and concept(item) == IMAGE_LIBRARY.value:
        for child in item.items("ContentSequence"):
            _take_of_library(child, found)


def _kind(item: View) -> str:
    relationship = item.text("RelationshipType")
    if "_" in relationship:
        item.seen.add(Defect.RELATIONSHIP_UNDERSCORES)
    elif not relationship:
        item.seen.add(Defect.RELATIONSHIP_MISSING)
    return item.text("ValueType")


def _take_of_library(item: View, found: Description) -> None:
    kind, name = _kind(item), concept(item)
    if name == TARGET_REGION.value and kind == "CODE":
        found.regions.extend(_regions(item))
    elif name in SERIES_COUNTS:
        found.series_count = _count(item)
    elif kind == "CONTAINER" and name == IMAGE_LIBRARY_GROUP.value:
        _take_group(item, found)


def _regions(item: View) -> Iterator[Code]:
    for it in item.items("ConceptCodeSequence"):
        value, scheme, meaning = _code(it)
        if scheme not in {_SCT, ""} or not value:
            item.seen.add(Defect.REGION_UNKNOWN)
        elif value != UNKNOWN_REGION.value:
            yield Code(SNOMED_CT, value, "" if meaning == value else meaning)


def _take_group(group: View, found: Description) -> None:
    """One series. An Instance Number belongs to the instance that it stands in, or to the next one."""
    words, uid, before = SeriesWords(), "", None
    for item in group.items("ContentSequence"):
        kind, name = _kind(item), concept(item)
        if kind in _REFERENCES:
            _take_instance(item, before, found)
            before = None
        elif name == INSTANCE_NUMBER.value:
            before = _integer(item.words("TextValue"))
        elif name == SERIES_UID.value:
            uid = item.text("UID")
        else:
            _take_word(item, name, words)
    demand(uid, "ImageLibraryGroup", "a Series Instance UID is wanted")
    found.series[typed(SeriesUid, uid, "ImageLibraryGroup.SeriesInstanceUID")] = words


def _take_word(item: View, name: str, words: SeriesWords) -> None:
    if name == MODALITY.value:
        words.modality = next((_code(it)[0] for it in item.items("ConceptCodeSequence")), "")
    elif name in SERIES_DESCRIPTIONS:
        words.description = item.words("TextValue")
    elif name == SERIES_NUMBER.value:
        words.number = _integer(item.words("TextValue"))
    elif name in INSTANCE_COUNTS:
        words.size = _count(item)


def _take_instance(item: View, before: int | None, found: Description) -> None:
    within = (it for it in item.items("ContentSequence") if concept(it) == INSTANCE_NUMBER.value)
    number = next((_integer(it.words("TextValue")) for it in within), None)
    if number is None and before is not None:
        item.seen.add(Defect.NUMBER_AS_SIBLING)
        number = before
    for uid in _referenced(item):
        found.named.add(uid)
        if number is not None:
            found.numbers[uid] = number


def _referenced(item: View) -> Iterator[SopInstanceUid]:
    return (it.uid(SopInstanceUid, "ReferencedSOPInstanceUID") for it in item.items("ReferencedSOPSequence"))


def _integer(text: str) -> int | None:
    return int(text) if _INTEGER.fullmatch(text) else None


def _count(item: View) -> int | None:
    """A number as NUM; as text it is the first one that stands there."""
    measured = [it.text("NumericValue") for it in item.items("MeasuredValueSequence")]
    if not measured:
        item.seen.add(Defect.COUNT_AS_TEXT)
    number = _FIRST_NUMBER.search(measured[0] if measured else item.words("TextValue"))
    return int(number[0]) if number else None
