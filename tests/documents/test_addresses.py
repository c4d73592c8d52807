"""R2: whatever address a document holds, whoever reads or checks it neither opens it nor looks it up."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from dataclasses import replace

import pytest
from hostile_addresses import ADDRESSES, LOOPBACK, watched
from link_samples import HINT, link

from linkexchange.documents import fhir_xml, read, write
from linkexchange.errors import DocumentFault
from linkexchange.model.identifiers import PlainUrl
from linkexchange.model.link import Document, MediaType, Particulars
from linkexchange.validation import validate

pytestmark = pytest.mark.slow
RESOLVER, VIEWER = PlainUrl("https://hub.example/fhir"), PlainUrl("https://viewer.example/")
GOOD = replace(link(2, 1), particulars=Particulars(resolver=RESOLVER, viewer=VIEWER))
JSON = write(GOOD, MediaType.JSON, node_url_hint=HINT).content
PLACES = {"hint": HINT, "resolver": str(RESOLVER), "viewer": str(VIEWER)}


def holding(address: str, *places: str) -> list[Document]:
    """In both forms, with this address in these places."""
    bundle = json.loads(JSON)
    for endpoint in (it["resource"] for it in bundle["entry"] if it["resource"]["resourceType"] == "Endpoint"):
        if endpoint["address"] in {PLACES[place] for place in places}:
            endpoint["address"] = address
    return [
        Document(json.dumps(bundle).encode(), MediaType.JSON),
        Document(fhir_xml.dump(bundle), MediaType.XML),
    ]


def test_r2_l_01_the_watch_notices_a_connection_and_a_look_up() -> None:
    with watched() as watch:
        with pytest.raises(AssertionError), socket.socket() as caller:
            caller.connect((LOOPBACK[socket.AF_INET], watch.port))
        with pytest.raises(AssertionError):
            socket.getaddrinfo("localhost", watch.port)
    assert [it.partition(" ")[0] for it in watch.asked] == ["socket.connect", "socket.getaddrinfo"]


def test_r2_l_01_the_listener_notices_who_is_not_seen_to_connect() -> None:
    with watched() as watch, socket.socket() as caller:
        watch.note = lambda *_: None  # type: ignore[method-assign]
        caller.connect((LOOPBACK[socket.AF_INET], watch.port))
        assert len(watch.seen) == 1


@pytest.mark.parametrize("form", ADDRESSES, ids=ascii)
def test_r2_l_01_a_hint_is_read_past_and_neither_opened_nor_looked_up(form: str) -> None:
    with watched() as watch:
        assert [read(it) for it in holding(form.format(port=watch.port), "hint")] == [GOOD, GOOD]
        assert watch.seen == []


@pytest.mark.parametrize("form", ADDRESSES, ids=ascii)
def test_r2_l_01_a_resolver_or_viewer_is_kept_or_refused_and_neither_opened_nor_looked_up(form: str) -> None:
    with watched() as watch:
        for place in ("resolver", "viewer"):
            for document in holding(form.format(port=watch.port), place):
                with suppress(DocumentFault):
                    read(document)
        assert watch.seen == []


@pytest.mark.parametrize("form", ADDRESSES, ids=ascii)
def test_r2_l_01_what_is_validated_is_neither_opened_nor_looked_up(form: str) -> None:
    with watched() as watch:
        for document in holding(form.format(port=watch.port), *PLACES):
            validate(document)
        assert watch.seen == []


@pytest.mark.parametrize("place", ["resolver", "viewer"])
@pytest.mark.parametrize("form", [it for it in ADDRESSES if not it.startswith("https:")], ids=ascii)
def test_r2_l_01_a_resolver_or_viewer_of_another_scheme_is_refused(form: str, place: str) -> None:
    for document in holding(form.format(port=443), place):
        with pytest.raises(DocumentFault, match=r"Endpoint\.address"):
            read(document)
