"""Taking a call: the answer to a request for an association (PS3.8 section 9.3), over `wire`, `pdu` and `acse`.

Nothing that arrives is decoded, so whatever could be an image is taken under any transfer syntax, private ones too. Of
several in one presentation context one has to be chosen. That is one without compression where there is such a one:
everybody can decompress, few can compress, and an image that was compressed on its way might have lost something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from linkexchange.dicom import acse, pdu
from linkexchange.dicom.acse import Asked, Rejection
from linkexchange.dicom.bulk import Association
from linkexchange.dicom.dimse import VERIFICATION
from linkexchange.dicom.line import Context
from linkexchange.dicom.plan import UNCOMPRESSED
from linkexchange.dicom.wire import Wire
from linkexchange.errors import MessageFault
from linkexchange.model.identifiers import SopClassUid, TransferSyntaxUid

UNKNOWN_CALLED = Rejection(transient=False, source=1, reason=7)
UNKNOWN_CALLING = Rejection(transient=False, source=1, reason=3)
CONGESTED = Rejection(transient=True, source=3, reason=1)
LIMIT = Rejection(transient=True, source=3, reason=2)

_INVALID_PARAMETER = bytes((0, 0, 2, 6))
"""Aborted by the service provider: invalid PDU parameter value (PS3.8 table 9-26)."""

Judge = Callable[[Asked], Rejection | None]
"""Says no to a request, or nothing."""
Choose = Callable[[Sequence[str]], str]
"""Picks one of the transfer syntaxes of a presentation context."""

_STANDARD = "1.2.840.10008."
# What the standard has beside storage: query and retrieve, worklists, print, commitment. Nobody would store under it.
_SERVICES = tuple(_STANDARD + arc for arc in ("1.", "3.", "5.1.1.", "5.1.4.1.2.", "5.1.4.31", "5.1.4.33", "5.1.4.34.6"))


def plainest(syntaxes: Sequence[str]) -> str:
    """The usual choice."""
    return min(syntaxes, key=lambda syntax: 0 if syntax in UNCOMPRESSED[:2] else 1 if syntax in UNCOMPRESSED else 2)


def accept(
    wire: Wire, judge: Judge, chooser: Callable[[Asked], Choose] = lambda _: plainest
) -> tuple[Asked, Association | Rejection]:
    """Read the request and answer it. Raises `PacsUnavailable` or `MessageFault` where there is none."""
    kind, body = wire.read()
    if kind is not pdu.Type.ASSOCIATE_RQ:
        raise MessageFault("no request for an association")
    try:
        asked = acse.read_request(bytes(body))
    except MessageFault:
        wire.write(pdu.write(pdu.Type.ABORT, _INVALID_PARAMETER))
        raise
    if rejection := judge(asked):
        wire.write(pdu.write(pdu.Type.ASSOCIATE_RJ, acse.write_rejection(rejection)))
        return asked, rejection
    contexts = tuple(_agreed(asked, chooser(asked)))
    wire.write(pdu.write(pdu.Type.ASSOCIATE_AC, acse.write_answer(asked, contexts)))
    return asked, Association(wire, acse.Answered(contexts, asked.max_bytes))


def _agreed(asked: Asked, choose: Choose) -> Iterator[Context]:
    for number, proposal in asked.proposals:
        syntaxes = tuple(filter(_is_syntax, proposal.transfer_syntaxes))
        if syntaxes and _is_taken(proposal.abstract_syntax):
            yield Context(number, proposal.abstract_syntax, choose(syntaxes))


def _is_taken(abstract_syntax: str) -> bool:
    if abstract_syntax == VERIFICATION:
        return True
    with suppress(ValueError):
        return not SopClassUid(abstract_syntax).startswith(_SERVICES)
    return False


def _is_syntax(word: str) -> bool:
    with suppress(ValueError):
        return bool(TransferSyntaxUid(word))
    return False
