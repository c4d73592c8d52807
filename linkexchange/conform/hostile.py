"""What no library would send: bytes that lie about themselves, or never end.

Each is a function that yields pieces. `NEGOTIATING` comes in place of an A-ASSOCIATE-AC, `ANSWERING` in place of an
answer to a C-GET or C-STORE, `CALLING` as the first words of a caller. A piece is made when it is sent, so that 600 MiB
cost nobody memory here.
"""

from __future__ import annotations

import itertools
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from linkexchange.conform import units
from linkexchange.conform.images import CT, EXPLICIT
from linkexchange.conform.manners import Misnegotiation, Nonsense, Scene
from linkexchange.conform.units import Element, Field, Request, Wish

MEBIBYTE = bytes(1 << 20)
FLOOD_MEBIBYTES = 600
ITEMS = 16_000
_NO_DATA, _DATA = 0x0101, 0x0001
UID = "1.2.276.0.7230010.3.77.1.9.1"


def flood(kind: int) -> Iterator[bytes]:
    """A PDU that claims 4 GiB, and 600 MiB of it."""
    yield units.pdu(kind, b"", length=0xFFFFFFFF)
    for _ in range(FLOOD_MEBIBYTES):
        yield MEBIBYTE


def many_items_accepted(asked: Request) -> Iterator[bytes]:
    """An A-ASSOCIATE-AC with 16,000 presentation contexts."""
    yield units.answer(asked, {}, roles=False, extra=units.item(0x21, b"\1\0\4\0") * (ITEMS // 2))


def many_user_items_accepted(asked: Request) -> Iterator[bytes]:
    """An A-ASSOCIATE-AC with 16,000 empty items of user information."""
    yield units.answer(asked, {}, roles=False, extra_user=units.item(0x55, b"") * ITEMS)


def item_past_the_end(_: Request) -> Iterator[bytes]:
    """An A-ASSOCIATE-AC whose last item is longer than itself."""
    yield units.pdu(units.ASSOCIATE_AC, b"\0\1\0\0" + bytes(64) + b"\x10\0\xff\xff1.2")


def too_short(_: Request) -> Iterator[bytes]:
    """An A-ASSOCIATE-AC without any content."""
    yield units.pdu(units.ASSOCIATE_AC, b"")


def almost_long_enough(asked: Request) -> Iterator[bytes]:
    """An A-ASSOCIATE-AC that ends one byte before what every one has."""
    yield units.pdu(units.ASSOCIATE_AC, _all_accepted(asked)[6:73])


def context_twice(asked: Request) -> Iterator[bytes]:
    """An A-ASSOCIATE-AC that answers one context twice."""
    yield _all_accepted(asked, _accepted(1))


def context_of_even_number(asked: Request) -> Iterator[bytes]:
    """An A-ASSOCIATE-AC about a context whose number nobody may use."""
    yield _all_accepted(asked, _accepted(2))


def context_too_many(asked: Request) -> Iterator[bytes]:
    """An A-ASSOCIATE-AC that accepts one context more than were proposed."""
    yield _all_accepted(asked, _accepted(asked.wishes[-1].number + 2))


def half_an_answer(asked: Request) -> Iterator[bytes]:
    """The beginning of a good A-ASSOCIATE-AC, and nothing after it."""
    whole = _all_accepted(asked)
    yield whole[: len(whole) // 2]


def never_proposed(asked: Request) -> Iterator[bytes]:
    """An A-ASSOCIATE-AC that accepts only contexts and syntaxes that nobody has proposed."""
    strange = tuple(Wish(number, CT, ("1.2.3",)) for number in (0, 2, 255))
    accepted = Request(asked.called, asked.calling, strange, {}, 0)
    yield units.answer(accepted, dict.fromkeys((0, 2, 255), "1.2.3"), roles=False)


def other_protocol(_: Request) -> Iterator[bytes]:
    """A web server."""
    yield b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def endless_data_set(scene: Scene) -> Iterator[bytes]:
    """A C-STORE whose data set never says that it ends."""
    yield _store(scene)
    yield from itertools.repeat(units.pdu(units.P_DATA, units.pdv(scene.storage, 0, bytes(16000))))


def without_class(scene: Scene) -> Iterator[bytes]:
    """A C-STORE whose SOP Class UID is none, with a data set."""
    yield _store(scene, sop_class="1.02.3")
    yield units.pdu(units.P_DATA, units.pdv(scene.storage, units.LAST, bytes(64)))


def unasked_for_ever(scene: Scene) -> Iterator[bytes]:
    """One instance after the other that nobody has asked for."""
    data = units.pdu(units.P_DATA, units.pdv(scene.storage, units.LAST, bytes(64)))
    return (_store(scene, uid=f"{UID}.{number}") + data for number in itertools.count(1))


def endless_command(scene: Scene) -> Iterator[bytes]:
    """A command that never says that it ends: 600 MiB of it."""
    fragment = units.pdu(units.P_DATA, units.pdv(scene.context, units.COMMAND, bytes(16000)))
    yield from itertools.repeat(fragment, FLOOD_MEBIBYTES * 66)


def empty_fragments(scene: Scene) -> Iterator[bytes]:
    """A data set of fragments without content, for ever."""
    yield _store(scene)
    yield from itertools.repeat(units.pdu(units.P_DATA, units.pdv(scene.storage, 0, b"")) * 100)


def empty_pdu(_: Scene) -> Iterator[bytes]:
    """P-DATA of no length."""
    yield units.pdu(units.P_DATA, b"")


def fragment_past_the_end(scene: Scene) -> Iterator[bytes]:
    """A fragment that is longer than its PDU."""
    yield units.pdu(units.P_DATA, units.pdv(scene.context, units.COMMAND | units.LAST, bytes(20), length=5000))


def fragment_of_no_length(scene: Scene) -> Iterator[bytes]:
    """A fragment whose length leaves no room for its own head."""
    yield units.pdu(units.P_DATA, units.pdv(scene.context, units.COMMAND | units.LAST, b"", length=0))


def foreign_context(scene: Scene) -> Iterator[bytes]:
    """A C-STORE under a context that was never agreed upon."""
    yield _store(Scene(scene.context, scene.number, 251))


def other_context_within(scene: Scene) -> Iterator[bytes]:
    """A data set that goes on under another context than its command."""
    yield _store(scene)
    yield units.pdu(units.P_DATA, units.pdv((scene.storage + 2) % 256, units.LAST, bytes(16)))


def command_within_data(scene: Scene) -> Iterator[bytes]:
    """A second command before the data set of the first has ended."""
    yield _store(scene)
    yield units.pdu(units.P_DATA, units.pdv(scene.storage, 0, bytes(64)))
    yield _store(scene)


def data_before_command(scene: Scene) -> Iterator[bytes]:
    """A data set that no command has announced."""
    yield units.pdu(units.P_DATA, units.pdv(scene.storage, units.LAST, bytes(64)))


def unknown_pdu(_: Scene) -> Iterator[bytes]:
    """A PDU of a type that there is not."""
    yield units.pdu(0x99, bytes(4))


def misplaced_pdu(_: Scene) -> Iterator[bytes]:
    """A second request for an association."""
    yield units.request("NODE", "PEER", (Wish(1, CT, (EXPLICIT,)),))


def unknown_command(scene: Scene) -> Iterator[bytes]:
    """A command field that there is not."""
    yield _commanded(scene.context, {Element.FIELD: 0x7777, Element.NUMBER: 1})


def malformed_command(scene: Scene) -> Iterator[bytes]:
    """A command set with an element that runs over its end."""
    content = b"\0\0\0\1\xff\xff\xff\x7f\1\0"
    yield units.pdu(units.P_DATA, units.pdv(scene.context, units.COMMAND | units.LAST, content))


def answer_to_nothing(scene: Scene) -> Iterator[bytes]:
    """A final answer to a message that was never sent."""
    answer = {Element.FIELD: Field.C_GET_RSP, Element.ANSWERED: scene.number + 7, Element.STATUS: 0}
    yield _commanded(scene.context, {**answer, Element.DATA_SET_TYPE: _NO_DATA})


def without_status(scene: Scene) -> Iterator[bytes]:
    """A C-STORE without a SOP class, a UID or a data set, and an answer without a status."""
    yield _commanded(scene.storage, {Element.FIELD: Field.C_STORE_RQ, Element.DATA_SET_TYPE: _NO_DATA})


def uid_as_path(scene: Scene) -> Iterator[bytes]:
    """A SOP Instance UID that climbs folders."""
    yield _store(scene, uid="../../../tmp/x;id")


def uid_of_200(scene: Scene) -> Iterator[bytes]:
    """A SOP Instance UID of 200 characters."""
    yield _store(scene, uid="1." * 99 + "11")


def silent_call(_: str) -> Iterator[bytes]:
    """A caller that says nothing."""
    return iter(())


def call_of_4_gib(_: str) -> Iterator[bytes]:
    """A request for an association of 4 GiB."""
    return flood(units.ASSOCIATE_RQ)


def call_with_many_items(called: str) -> Iterator[bytes]:
    """A request with 16,000 items."""
    good = units.request(called, "PEER", (Wish(1, CT, (EXPLICIT,)),))
    yield units.pdu(units.ASSOCIATE_RQ, good[6:] + units.item(0x20, b"") * (ITEMS - 1))


def call_with_many_syntaxes(called: str) -> Iterator[bytes]:
    """A request whose one context proposes thousands of transfer syntaxes."""
    yield units.request(called, "PEER", (Wish(1, CT, (EXPLICIT,) * 2500),))


def call_too_short(called: str) -> Iterator[bytes]:
    """A request that ends one byte before what every one has."""
    yield units.pdu(units.ASSOCIATE_RQ, units.request(called, "PEER", ())[6:73])


def call_with_a_context_twice(called: str) -> Iterator[bytes]:
    """A request that proposes two contexts under one number."""
    yield units.request(called, "PEER", (Wish(1, CT, (EXPLICIT,)), Wish(1, CT, (EXPLICIT,))))


def call_with_an_even_context(called: str) -> Iterator[bytes]:
    """A request with a context whose number nobody may use."""
    yield units.request(called, "PEER", (Wish(2, CT, (EXPLICIT,)),))


def call_by_data(_: str) -> Iterator[bytes]:
    """P-DATA before there is an association."""
    yield units.pdu(units.P_DATA, units.pdv(1, units.LAST, bytes(64)))


def call_as_path(_: str) -> Iterator[bytes]:
    """AE titles that climb folders."""
    yield units.request("../../etc/passwd", "$(id);../../x", (Wish(1, CT, (EXPLICIT,)),))


NEGOTIATING: Mapping[str, Misnegotiation] = {
    "600 MiB after a length of 4 GiB": lambda _: flood(units.ASSOCIATE_AC),
    "16,000 contexts": many_items_accepted,
    "16,000 user items": many_user_items_accepted,
    "an item past the end": item_past_the_end,
    "no content": too_short,
    "one byte too few": almost_long_enough,
    "a context twice": context_twice,
    "a context of even number": context_of_even_number,
    "a context too many": context_too_many,
    "half an answer": half_an_answer,
    "what was never proposed": never_proposed,
    "another protocol": other_protocol,
}

ANSWERING: Mapping[str, Nonsense] = {
    "600 MiB after a length of 4 GiB": lambda _: flood(units.P_DATA),
    "a command without end": endless_command,
    "an empty PDU": empty_pdu,
    "a fragment past the end": fragment_past_the_end,
    "a fragment of no length": fragment_of_no_length,
    "a foreign context": foreign_context,
    "a data set before its command": data_before_command,
    "an unknown PDU": unknown_pdu,
    "a misplaced PDU": misplaced_pdu,
    "an unknown command": unknown_command,
    "a malformed command": malformed_command,
    "an answer to nothing": answer_to_nothing,
    "a C-STORE without anything": without_status,
    "a UID that is a path": uid_as_path,
    "a UID of 200 characters": uid_of_200,
    "empty fragments for ever": empty_fragments,
}

SENDING: Mapping[str, Nonsense] = {
    "a data set without end": endless_data_set,
    "another context within the data set": other_context_within,
    "a command within the data set": command_within_data,
}
"""What goes wrong when an instance is already on its way: said in place of the answer to a C-GET."""

CALLING: Mapping[str, Callable[[str], Iterator[bytes]]] = {
    "nothing": silent_call,
    "600 MiB after a length of 4 GiB": call_of_4_gib,
    "16,000 items": call_with_many_items,
    "thousands of syntaxes": call_with_many_syntaxes,
    "one byte too few": call_too_short,
    "a context twice": call_with_a_context_twice,
    "a context of even number": call_with_an_even_context,
    "data before the association": call_by_data,
    "AE titles that are paths": call_as_path,
    "another protocol": lambda _: iter((b"GET / HTTP/1.1\r\n\r\n",)),
}


def shout(target: tuple[str, int], pieces: Iterator[bytes], *, patience_seconds: float = 10) -> bytes:
    """Call a target, say these, and return what it answers until it hangs up. Raises TimeoutError when it does not."""
    answer = bytearray()
    with socket.create_connection(target, timeout=patience_seconds) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):
            for piece in pieces:
                connection.sendall(piece)
        with suppress(ConnectionResetError):
            while received := connection.recv(65536):
                answer += received
    return bytes(answer)


def _all_accepted(asked: Request, extra: bytes = b"") -> bytes:
    return units.answer(asked, {wish.number: wish.syntaxes[0] for wish in asked.wishes}, roles=True, extra=extra)


def _accepted(number: int) -> bytes:
    return units.item(0x21, bytes((number, 0, 0, 0)) + units.item(0x40, EXPLICIT.encode()))


def _store(scene: Scene, *, uid: str = UID, sop_class: str = CT) -> bytes:
    request = {Element.FIELD: Field.C_STORE_RQ, Element.NUMBER: 1, Element.PRIORITY: 0, Element.DATA_SET_TYPE: _DATA}
    return _commanded(scene.storage, {**request, Element.SOP_CLASS: sop_class, Element.SOP_INSTANCE: uid})


def _commanded(context: int, command: Mapping[Element, int | str]) -> bytes:
    return units.pdu(units.P_DATA, units.pdv(context, units.COMMAND | units.LAST, units.command(command)))
