"""ITI-43: documents out of a record, as they were stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.epa.xds import response, soap, tree
from ti_adapter.epa.xds.errors import Malformed, XdsMalformed
from ti_adapter.epa.xds.names import XDS, Operation
from ti_adapter.epa.xds.soap import Message, maker
from ti_adapter.xds import DOCUMENT_BYTES_MAX

RESPONSE = f"{{{XDS}}}RetrieveDocumentSetResponse"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A document by its numbers, OIDs all; a record of the ePA für alle has no home community."""

    unique_id: str
    repository_unique_id: str
    home_community_id: str = ""


@dataclass(frozen=True, slots=True)
class Retrieved:
    """A document that has come."""

    unique_id: str
    mime_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What has come; `errors` are the codes of what has not (PartialSuccess)."""

    documents: tuple[Retrieved, ...]
    errors: tuple[str, ...] = ()


def retrieve(wanted: Sequence[Wanted], *, message_id: str, to: str) -> tuple[bytes, str]:
    """Body and Content-Type. Raises ValueError where nothing is wanted, or a number is missing."""
    if not wanted or not all(one.unique_id and one.repository_unique_id for one in wanted):
        raise ValueError("a document is retrieved by uniqueId and repositoryUniqueId")
    xds = maker(XDS)
    element = xds.RetrieveDocumentSetRequest(
        *(
            xds.DocumentRequest(
                *([xds.HomeCommunityId(one.home_community_id)] if one.home_community_id else []),
                xds.RepositoryUniqueId(one.repository_unique_id),
                xds.DocumentUniqueId(one.unique_id),
            )
            for one in wanted
        )
    )
    return soap.request(Operation.RETRIEVE, Message(element, Operation.RETRIEVE, message_id, to=to))


def read_retrieved(body: bytes, content_type: str, wanted: Sequence[Wanted], message_id: str) -> Retrieval:
    """What was wanted.

    Raises `XdsFault`, and `XdsMalformed`: 1. for no such answer; 2. for a document that was not wanted, or comes twice;
    3. for one that is too large; 4. for one that is missing, although the answer says that all is there.
    """
    answer = soap.answer(soap.read(body, content_type), Operation.RETRIEVE, RESPONSE, message_id)
    verdict = response.check(response.verdict(tree.only(answer.element, response.RESPONSE)), partial=True)
    documents = tuple(_document(one, answer) for one in answer.element.iterfind(f"{{{XDS}}}DocumentResponse"))
    came, asked = [one.unique_id for one in documents], {one.unique_id for one in wanted}
    if len(set(came)) != len(came) or not asked.issuperset(came):
        raise XdsMalformed(Malformed.VALUE, "DocumentUniqueId")
    if any(len(one.content) > DOCUMENT_BYTES_MAX for one in documents):
        raise XdsMalformed(Malformed.SIZE, "Document")
    if len(came) != len(asked) and not verdict.errors:
        raise XdsMalformed(Malformed.ELEMENT, "DocumentResponse")
    return Retrieval(documents, verdict.errors)


def _document(element: etree._Element, answer: Message) -> Retrieved:
    return Retrieved(
        unique_id=tree.text(tree.only(element, f"{{{XDS}}}DocumentUniqueId")),
        mime_type=tree.text(tree.only(element, f"{{{XDS}}}mimeType")),
        content=tree.document(tree.only(element, f"{{{XDS}}}Document"), answer.parts),
    )
