"""C-FIND of a peer, at all four levels (PS3.4 annex C)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from pydicom.dataset import Dataset

from linkexchange.conform.images import Instance, decode, encode
from linkexchange.conform.peer import reply
from linkexchange.conform.talk import Message, Talk
from linkexchange.conform.units import Field

_UNIQUE = {
    "PATIENT": "PatientID",
    "STUDY": "StudyInstanceUID",
    "SERIES": "SeriesInstanceUID",
    "IMAGE": "SOPInstanceUID",
}
_CLASS = "SOPClassUID"


def find(
    talk: Talk,
    message: Message,
    *,
    syntax: str,
    held: Sequence[Instance],
    status: int = 0,
    tells_classes: bool = True,
    for_ever: bool = False,
) -> None:
    """Answer with a row for each patient, study, series or instance that matches, then with the status."""
    asked = decode(message.content, syntax)
    found = rows(asked, held, tells_classes=tells_classes)
    for row in itertools.cycle(found) if for_ever else found:
        talk.send(message.context, reply(message, Field.C_FIND_RSP, 0xFF00), encode(row, syntax))
    talk.send(message.context, reply(message, Field.C_FIND_RSP, status))


def matching(asked: Dataset, held: Sequence[Instance]) -> list[Instance]:
    """What the unique keys of a request select; a list of UIDs selects each of them."""
    return [it for it in held if all(_matches(asked, it.header, keyword) for keyword in _UNIQUE.values())]


def rows(asked: Dataset, held: Sequence[Instance], *, tells_classes: bool) -> list[Dataset]:
    """The answers to a request."""
    unique = _UNIQUE[str(asked.QueryRetrieveLevel)]
    found = {str(it.header[unique].value): it.header for it in matching(asked, held)}
    return [_row(asked, header, tells_classes) for header in found.values()]


def _row(asked: Dataset, header: Dataset, tells_classes: bool) -> Dataset:
    row = Dataset()
    row.SpecificCharacterSet = header.get("SpecificCharacterSet", "ISO_IR 100")
    for element in asked:
        told = element.keyword != _CLASS or tells_classes
        if element.keyword == "QueryRetrieveLevel":
            row.add(element)
        elif element.keyword != "SpecificCharacterSet" and element.tag in header and told:
            row.add(header[element.tag])
    return row


def _matches(asked: Dataset, header: Dataset, keyword: str) -> bool:
    value = asked.get(keyword)
    if not value:
        return True
    wanted = [value] if isinstance(value, str) else list(value)
    return str(header.get(keyword, "")) in {str(one) for one in wanted}
