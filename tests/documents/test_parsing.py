from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hostile_documents import HOSTILE_JSON, HOSTILE_XML, JSON, grown, in_circles, in_itself
from link_samples import HINT, link

from linkexchange.documents import read, write
from linkexchange.errors import DocumentFault
from linkexchange.model.link import Document, MediaType

SECONDS = 10.0
"""Against hanging: ten times the limit."""


def refusal(made: Callable[[], bytes], media_type: MediaType) -> tuple[str, float]:
    document = Document(made(), media_type)
    read(Document(JSON, MediaType.JSON))
    begun = time.process_time()
    with pytest.raises(DocumentFault) as caught:
        read(document)
    return caught.value.detail, time.process_time() - begun


@pytest.mark.parametrize("case", HOSTILE_JSON)
def test_l_08_hostile_json_is_refused_within_a_second(case: str) -> None:
    made, rule = HOSTILE_JSON[case]
    detail, seconds = refusal(made, MediaType.JSON)
    assert (rule in detail, seconds < SECONDS) == (True, True), detail


@pytest.mark.parametrize("case", HOSTILE_XML)
def test_l_09_hostile_xml_is_refused_within_a_second(case: str) -> None:
    made, rule = HOSTILE_XML[case]
    detail, seconds = refusal(made, MediaType.XML)
    assert (rule in detail, seconds < SECONDS) == (True, True), detail


def test_l_08_an_id_of_64_kilobytes_is_refused_within_a_second() -> None:
    detail, seconds = refusal(lambda: grown("Patient", id="a" * 65_536), MediaType.JSON)
    assert ("Bundle.entry[2].resource.id: string too long" in detail, seconds < SECONDS) == (True, True), detail


@pytest.mark.parametrize(
    "content", [in_circles("Location"), in_itself("Organization", "partOf")], ids=["in circles", "in itself"]
)
def test_l_08_a_reference_that_leads_back_to_itself_is_not_followed_where_a_link_has_none(content: bytes) -> None:
    assert read(Document(content, MediaType.JSON)) == link(2, 1)


@pytest.mark.slow
def test_fifty_thousand_instances_are_within_the_limits() -> None:
    from linkexchange.documents.parsing import parse

    parse(write(link(25_000, 25_000), MediaType.XML, node_url_hint=HINT))
