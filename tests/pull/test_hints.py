"""R2: a pull goes where the directory says, whatever addresses the link document holds."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from xml.sax.saxutils import quoteattr

import pytest
from hostile_addresses import ADDRESSES, Watch, watched
from world import HOSPITAL, PRACTICE, World, data_set

from linkexchange import documents
from linkexchange.errors import DocumentFault
from linkexchange.model.identifiers import PlainUrl
from linkexchange.model.link import Document, Particulars
from linkexchange.model.participant import Participant
from linkexchange.model.transfer import State, Transfer
from linkexchange.ports import OriginNode

pytestmark = pytest.mark.slow
HINT, RESOLVER, VIEWER = f"https://{HOSPITAL}.test", "https://resolver.example/", "https://viewer.example/"
PLACES = (HINT, RESOLVER, VIEWER)


def spying(world: World) -> list[str]:
    """The addresses at which the practice turns to nodes."""
    asked: list[str] = []
    opened = world.practice.origin

    def note(participant: Participant, token: str) -> OriginNode:
        asked.append(participant.node_url)
        return opened(participant, token)

    world.practice = replace(world.practice, origin=note)
    return asked


def holding(document: Document, own: Collection[str], other: str) -> Document:
    """With another address in the place of each of these."""
    content = document.content.decode()
    for address in (f'<address value="{it}"/>' for it in own):
        assert content.count(address) == 1
        content = content.replace(address, f"<address value={quoteattr(other)}/>")
    return replace(document, content=content.encode())


def pulled(world: World, address: str) -> Transfer:
    """The hospital publishes and registers a document with this address wherever a reader lets it stand."""
    honest, places = documents.write, PLACES if is_plain(address) else (HINT,)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "write", lambda *args, **named: holding(honest(*args, **named), places, address))
        entry = world.publish(data_set(1))
    world.pacs[PRACTICE].instances.clear()
    return world.pull(entry)


def is_plain(address: str) -> bool:
    """It may stand as that of a resolver or viewer."""
    return PlainUrl.pattern.fullmatch(address) is not None


def forms(watch: Watch) -> list[str]:
    return [it.format(port=watch.port) for it in ADDRESSES]


@pytest.fixture
def network(world: World) -> World:
    """The hospital names a resolver and a viewer."""
    said = Particulars(resolver=PlainUrl(RESOLVER), viewer=PlainUrl(VIEWER))
    world.hospital = replace(world.hospital, particulars=said)
    return world


def test_r2_l_01_whatever_address_a_document_holds_the_directory_s_is_asked(network: World) -> None:
    asked = spying(network)
    with watched() as watch:
        ends = {pulled(network, it).state for it in forms(watch)}
        assert watch.seen == []
    assert (ends, asked) == ({State.COMPLETE}, [HINT] * len(ADDRESSES))


@pytest.mark.parametrize("place", [RESOLVER, VIEWER], ids=["resolver", "viewer"])
def test_r2_l_01_a_resolver_or_viewer_that_is_no_plain_address_ends_the_pull_and_nobody_is_asked(
    network: World, place: str
) -> None:
    """It is put into what lies in the record, since the hospital's own node would not read what it had written."""
    asked, entry = spying(network), network.publish()
    kvnr, document, title = network.held[entry]
    ends = []
    with watched() as watch:
        for form in (it for it in forms(watch) if not is_plain(it)):
            network.held[entry] = (kvnr, holding(document, [place], form), title)
            ends.append(network.pull(entry))
        assert watch.seen == []
    assert {(it.state, it.reason.partition(":")[0]) for it in ends} == {(State.FAILED, DocumentFault.code)}
    assert asked == []
