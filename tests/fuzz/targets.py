"""What is fuzzed: each target takes bytes, and only the classes of `linkexchange.errors` may come out of it.

`SEEDS` makes a small corpus of well-formed inputs by code. `PLANTED` puts a bug into a target's way, by which a fuzzer
shows that it would find one.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

from pydicom.dataset import Dataset

from linkexchange.conform import hostile, made, units
from linkexchange.conform.images import CT, EXPLICIT, IMPLICIT, Instance, decode, encode
from linkexchange.conform.manners import Scene
from linkexchange.conform.units import Element, Field, Wish
from linkexchange.dataset import Digester, Meter, header, read_header, split_part10
from linkexchange.dicom import acse, command, pdu
from linkexchange.dicom.bulk import Association
from linkexchange.dicom.command import Command
from linkexchange.dicom.line import Context, Proposal
from linkexchange.dicom.wire import Wire
from linkexchange.errors import Fault
from linkexchange.model.identifiers import TransferSyntaxUid

DEFLATED = "1.2.840.10008.1.2.1.99"
SYNTAXES = (EXPLICIT, IMPLICIT, "1.2.840.10008.1.2.2", DEFLATED, "1.2.840.10008.1.2.4.90")
_PROPOSALS = (Proposal(CT, (EXPLICIT,), as_scp=True), Proposal("1.2.840.10008.5.1.4.1.2.2.3", (EXPLICIT,)))
_CONTEXTS = (Context(1, CT, EXPLICIT), Context(3, "1.2.840.10008.5.1.4.1.2.2.3", EXPLICIT))
_READS_MAX = 10_000


def fragments(content: bytes) -> None:
    """A P-DATA body."""
    for pdv in pdu.read_pdvs(memoryview(content)):
        assert len(pdv.content) <= len(content)


def sending(content: bytes) -> None:
    """A data set that is cut into PDUs, and comes out of them as it went in."""
    if len(content) < 4:
        return
    size, step = int.from_bytes(content[:2], "big"), content[2] + 1
    data = content[3:]
    blocks = pdu.write_data((data[at : at + step] for at in range(0, len(data), step)), 1, size)
    written = b"".join(piece for block in blocks for piece in block)
    back = bytearray()
    while written:
        kind, length = pdu.read_head(written[:6])
        assert kind is pdu.Type.P_DATA
        assert length <= (size or length)
        back += b"".join(bytes(it.content) for it in pdu.read_pdvs(memoryview(written[6 : 6 + length])))
        written = written[6 + length :]
    assert bytes(back) == data


def commands(content: bytes) -> None:
    """A command set; what can be read can be written, and then says the same."""
    read = Command.decode(content)
    if (read.move_destination + read.originator).isascii():
        assert Command.decode(read.encode()) == read


def calls(content: bytes) -> None:
    """A request for an association, and the answer to it."""
    asked = acse.read_request(content)
    first = [Context(number, it.abstract_syntax, EXPLICIT) for number, it in asked.proposals[:1]]
    acse.write_answer(asked, first)


def answers(content: bytes) -> None:
    """The answer to a request of ours, or its rejection."""
    accepted = acse.read_answer(content, _PROPOSALS).contexts
    assert all(it.abstract_syntax in {one.abstract_syntax for one in _PROPOSALS} for it in accepted)


def rejections(content: bytes) -> None:
    """An A-ASSOCIATE-RJ."""
    str(acse.read_rejection(content))


def associations(content: bytes) -> None:
    """Messages on an association, as they come from a socket; the end of the bytes ends it."""
    association = Association(Wire(_Told(content), silence_seconds=1), acse.Answered(_CONTEXTS, 0))  # type: ignore[arg-type]
    for _ in range(_READS_MAX):
        association.receive()
        for chunk in association.data():
            assert chunk


def headers(content: bytes) -> None:
    """A data set in one of the syntaxes; its bytes come back as they were."""
    if not content:
        return
    syntax, data = TransferSyntaxUid(SYNTAXES[content[0] % len(SYNTAXES)]), content[1:]
    _, chunks = read_header(syntax, _pieces(data))
    assert b"".join(chunks) == data


def meters(content: bytes) -> None:
    """A data set that is measured on its way."""
    if not content:
        return
    syntax, data = TransferSyntaxUid(SYNTAXES[content[0] % len(SYNTAXES)]), content[1:]
    meter, alone, through = Meter(syntax), Digester(syntax), bytearray()
    alone.take(data)
    try:
        for chunk in meter.through(_pieces(content[1:])):
            through += chunk
    finally:
        assert (bytes(through), meter.digest) == (data, alone.digest)


def files(content: bytes) -> None:
    """A DICOM file."""
    _, chunks = split_part10(_pieces(content))
    for _ in chunks:
        pass


TARGETS: tuple[Callable[[bytes], None], ...] = (
    fragments,
    sending,
    commands,
    calls,
    answers,
    rejections,
    associations,
    headers,
    meters,
    files,
)


def one_input(content: bytes) -> None:
    """The first byte says which target gets the rest."""
    if content:
        with suppress(Fault):
            TARGETS[content[0] % len(TARGETS)](content[1:])


def seeds() -> Iterator[bytes]:
    """A well-formed input or more for each target."""
    for number, target in enumerate(TARGETS):
        yield from (bytes((number,)) + content for content in _SEEDS[target]())


def _stream(*pieces: bytes) -> bytes:
    return b"".join(pieces)


def _instance() -> Instance:
    return made(1, kilobytes=1)[0]


def _command(**more: int | str) -> bytes:
    values: dict[Element, int | str] = {
        Element.FIELD: Field.C_STORE_RQ,
        Element.NUMBER: 1,
        Element.DATA_SET_TYPE: 1,
        Element.SOP_CLASS: CT,
        Element.SOP_INSTANCE: "1.2.3",
    }
    return units.command({**values, **{Element[key]: value for key, value in more.items()}})


def _pdata(context: int, control: int, content: bytes) -> bytes:
    return units.pdu(units.P_DATA, units.pdv(context, control, content))


def _data_sets() -> Iterable[bytes]:
    it = _instance()
    ds = decode(it.content, EXPLICIT)
    yield b"\0" + it.content
    yield b"\1" + encode(ds, IMPLICIT)
    ds.ReferencedStudySequence = [Dataset()]
    ds.ReferencedStudySequence[0].ReferencedSOPClassUID = CT
    yield b"\0" + encode(ds, EXPLICIT)
    packer = zlib.compressobj(wbits=-15)
    yield b"\3" + packer.compress(it.content) + packer.flush()


def _files() -> Iterable[bytes]:
    meta = (
        b"\2\0\2\0UI\4\0" + b"1.2\0" + b"\2\0\3\0UI\4\0" + b"1.3\0" + b"\2\0\x10\0UI\x14\0" + EXPLICIT.encode() + b"\0"
    )
    group = b"\2\0\0\0UL\4\0" + len(meta).to_bytes(4, "little")
    yield bytes(128) + b"DICM" + group + meta + _instance().content


_WISHES = (Wish(1, CT, (EXPLICIT, IMPLICIT)), Wish(3, "1.2.840.10008.5.1.4.1.2.2.3", (EXPLICIT,)))
_ASKED = units.Request("NODE", "PACS", _WISHES, {CT: (True, True)}, 0)
_SEEDS: Mapping[Callable[[bytes], None], Callable[[], Iterable[bytes]]] = {
    fragments: lambda: [units.pdv(1, 3, b"abcd") + units.pdv(1, 2, bytes(40))],
    sending: lambda: [b"\0\x20\3" + bytes(100), b"\0\0\x10" + bytes(300)],
    commands: lambda: [
        _command(),
        _command(ORIGINATOR="PACS", ORIGINATOR_NUMBER=7, PRIORITY=2, STATUS=0xFF00, REMAINING=1, MOVE_DESTINATION="A"),
    ],
    calls: lambda: [units.request("NODE", "PACS", _WISHES, roles=(CT,))[6:]],
    answers: lambda: [
        units.answer(units.Request("A", "B", _WISHES, {CT: (True, True)}, 0), {1: EXPLICIT, 3: EXPLICIT}, roles=True)[
            6:
        ]
    ],
    rejections: lambda: [b"\0\1\1\3"],
    associations: lambda: [
        _stream(_pdata(1, 3, _command()), _pdata(1, 0, bytes(20)), _pdata(1, 2, bytes(6)), units.pdu(5, bytes(4))),
        *(next(what(Scene(3, 1, 1))) for name, what in hostile.ANSWERING.items() if "600" not in name),
    ],
    headers: _data_sets,
    meters: _data_sets,
    files: _files,
}


class _Told:
    """In place of a socket: it says these bytes, a few at a time, and then that it has ended."""

    def __init__(self, content: bytes) -> None:
        self._content = memoryview(content)

    def recv_into(self, window: memoryview) -> int:
        count = min(len(window), len(self._content), 1 + len(self._content) // 3)
        window[:count] = self._content[:count]
        self._content = self._content[count:]
        return count

    def send(self, content: bytes | memoryview) -> int:
        return len(content)

    def settimeout(self, _: float) -> None: ...

    def setsockopt(self, *_: int) -> None: ...

    def shutdown(self, _: int) -> None: ...

    def close(self) -> None: ...


def _pieces(content: bytes) -> Iterator[bytes]:
    step = 1 + len(content) // 7
    return (content[at : at + step] for at in range(0, len(content), step))


# --- planted bugs: each leaves out one check that the product makes --------------------------------------------------


def _unchecked_fragments(body: memoryview) -> Iterator[pdu.Pdv]:
    at = 0
    while at < len(body):
        stop = at + 4 + int.from_bytes(body[at : at + 4], "big")
        yield pdu.Pdv(body[at + 4], bool(body[at + 5] & 1), bool(body[at + 5] & 2), body[at + 6 : stop])
        at = stop


def _unchecked_uid(_: int, value: bytes) -> str:
    return value.rstrip(b"\0 ").decode("ascii")


def _unchecked_day(value: bytes) -> date:
    return datetime.strptime(value.decode("latin-1"), "%Y%m%d").replace(tzinfo=UTC).date()


def plant(name: str) -> None:
    """Put one bug into the product, in this process."""
    where, attribute, bug = PLANTED[name]
    setattr(where, attribute, bug)


PLANTED: Mapping[str, tuple[Any, str, Any]] = {
    "fragment": (pdu, "read_pdvs", _unchecked_fragments),
    "command": (command, "_MEANINGS", {**command._MEANINGS, 0x0002: _unchecked_uid, 0x1000: _unchecked_uid}),
    "date": (header, "day", _unchecked_day),
}
