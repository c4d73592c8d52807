"""Follows the structure of an encoded data set (PS3.5 section 7) without input, output or recursion.

Bytes are pushed in with `feed`, in pieces of any size. The scanner asks itself for one thing at a time: so many bytes
gathered (an element's head, a value that somebody wants) or so many passed over (everything else). Passed-over bytes
are never held; the pixel data among them go to the `pixels` sink on their way.

A value of defined length is passed over in one step, sequences too, unless something inside is wanted. Sequences of
undefined length are walked with an explicit stack, at most `DEPTH_MAX` deep. Elements that need no care are passed
over many at a time (`leap`).

It is strict where two readers could disagree about who the patient is: at the top level every VR must be a known one
and tags must ascend, so that nothing can stand twice. Inside sequences that nobody wants it follows what is written in
the field: an item that falls back to implicit VR is walked as such.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TypeAlias

from linkexchange.dataset.elements import (
    FIRST_TAG,
    ITEM,
    ITEM_END,
    LONG_VRS,
    MAY_BE_UNDEFINED,
    PIXELS,
    SEQUENCE_END,
    SHORT_VRS,
    UNDEFINED,
    Content,
    Sink,
    Wanted,
    name,
    read_tag,
)
from linkexchange.dataset.inflate import Inflater
from linkexchange.dataset.leap import DELIMITERS, Leap
from linkexchange.dataset.parts import Span
from linkexchange.dataset.syntax import IMPLICIT_LITTLE, Encoding, encoding_of
from linkexchange.errors import InstanceFault
from linkexchange.model.identifiers import TransferSyntaxUid

DEPTH_MAX = 32
_PIXEL_DATA = min(PIXELS)
VALUE_MAX_BYTES = 64 << 10

_Step: TypeAlias = tuple[int, Sink | None]
_Walk: TypeAlias = Generator[_Step, bytes, None]


def pass_over(_: bytes | memoryview) -> None:
    """The sink of all that nobody wants."""


@dataclass(slots=True)
class _Level:
    """A data set or item that is being walked; `items` when it is a sequence and holds items instead of elements."""

    encoding: Encoding
    tag: int = 0
    items: bool = False
    end: int | None = None
    wanted: Wanted = field(default_factory=dict)
    content: Content = field(default_factory=dict)
    gathered: list[Content] = field(default_factory=list)
    fragments: Sink | None = None
    last: int = -1


class Scanner:
    """Walks one data set; raises `InstanceFault` naming the tag where it cannot be followed.

    `content` holds the wanted values. With `until`, the walk is `finished` at the first tag from there on, and what
    is fed afterwards is not looked at. `pixels` is where the value of the data set's pixel data is, None before that
    is known.
    """

    def __init__(
        self,
        syntax: TransferSyntaxUid,
        *,
        wanted: Wanted | None = None,
        until: int | None = None,
        pixels: Sink = pass_over,
    ) -> None:
        encoding = encoding_of(syntax)
        top = _Level(encoding, wanted=wanted or {}, last=FIRST_TAG - 1)
        self.content = top.content
        self.finished = False
        self.pixels: Span | None = None
        self._inflater = Inflater() if encoding.deflated else None
        self._top = top
        self._levels = [top]
        self._until = until
        self._sink = pixels
        self._position = 0
        self._buffer = bytearray()
        self._done = 0
        self._where = 0
        self._between = True
        self._at_head = False
        self._walk = self._run()
        self._step = next(self._walk)

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the data set."""
        for piece in self._inflater.feed(chunk) if self._inflater else (chunk,):
            self._consume(memoryview(piece))

    def is_behind(self, tag: int) -> bool:
        """Whether the walk has passed this tag of the data set itself."""
        return self.finished or self._top.last > tag

    def close(self) -> None:
        """The data set ends here; raises `InstanceFault` when it ends in the middle of something."""
        if self.finished:
            return
        if self._inflater:
            self._inflater.close()
        if self._done or not self._between:
            raise InstanceFault(f"the data set is cut off at {name(self._where)}")

    def _consume(self, view: memoryview) -> None:
        while view.nbytes and not self.finished:
            if self._at_head and not self._done and (leapt := self._leap(view)):
                view = view[leapt:]
                continue
            count, sink = self._step
            part = view[: count - self._done]
            view = view[part.nbytes :]
            self._done += part.nbytes
            (self._buffer.extend if sink is None else sink)(part)
            if self._done == count:
                self._advance(count)

    def _leap(self, view: memoryview) -> int:
        """Pass over what needs no care, within what has arrived and, inside a sequence, before its item's last element.

        At the top level the pixel data need care, and whatever stands behind them.
        """
        level = self._levels[-1]
        if level.encoding.order == "big":
            return 0
        limit = min(self._until or _PIXEL_DATA, _PIXEL_DATA) if self._at_top else DELIMITERS
        end = len(view) if level.end is None else min(len(view), level.end - self._position - 1)
        leap = Leap(level.last, limit, level.wanted, level.content, VALUE_MAX_BYTES, level.encoding.explicit)
        if passed := leap.over(view, end):
            level.last = leap.last
            self._where = leap.last if self._at_top else self._where
            self._position += passed
        return passed

    def _advance(self, count: int) -> None:
        gathered = bytes(self._buffer)
        self._buffer.clear()
        self._done = 0
        self._position += count
        try:
            self._step = self._walk.send(gathered)
        except StopIteration:
            self.finished = True

    def _run(self) -> _Walk:
        while self._levels:
            level = self._levels[-1]
            if level.end is not None and level.end <= self._position:
                self._end(level)
            elif level.items:
                yield from self._item(level)
            else:
                yield from self._element(level)

    # --- a sequence: items, or the fragments of encapsulated pixel data

    def _item(self, level: _Level) -> _Walk:
        head = yield 8, None
        tag, length = read_tag(head, level.encoding.order), int.from_bytes(head[4:], level.encoding.order)
        if tag == SEQUENCE_END:
            self._leave(level)
            self._note_pixels(level, goes_on=False)
        elif tag != ITEM:
            raise InstanceFault(f"no item where one must be, in {name(level.tag)}")
        elif level.fragments:
            self._within(level, length)
            self._note_pixels(level, length)
            level.fragments(head)
            yield from self._value(level, length, level.fragments)
        elif level.wanted or length == UNDEFINED:
            item = _Level(level.encoding, level.tag, wanted=level.wanted)
            if level.wanted:
                level.gathered.append(item.content)
            self._enter(level, length, item)
        else:
            yield from self._value(level, length, pass_over)

    def _note_pixels(self, level: _Level, length: int = 0, *, goes_on: bool = True) -> None:
        if level.fragments and self.pixels:
            begin, end, _ = self.pixels
            self.pixels = Span(begin, self._position + length if goes_on else end, goes_on)

    # --- a data set or an item: elements

    def _element(self, level: _Level) -> _Walk:
        self._between, self._at_head = self._at_top, True
        head = yield 8, None
        self._between = self._at_head = False
        tag = read_tag(head, level.encoding.order)
        if tag == ITEM_END:
            self._leave(level)
            return
        self._place(level, tag)
        if self._at_top and self._until is not None and tag >= self._until:
            self._levels.clear()
            return
        vr, length, encoding = yield from self._measure(level, head)
        if length == UNDEFINED and vr not in MAY_BE_UNDEFINED:
            raise InstanceFault(f"no length in {name(tag)}")
        yield from self._body(level, tag, length, encoding)

    def _body(self, level: _Level, tag: int, length: int, encoding: Encoding) -> _Walk:
        pixels = None
        if self._at_top and tag in PIXELS and self.pixels is None:
            goes_on = length == UNDEFINED
            pixels = self._sink
            self.pixels = Span(self._position, self._position + (0 if goes_on else length), goes_on)
        inside = level.wanted.get(tag)
        if length == UNDEFINED or inside:
            sequence = _Level(encoding, tag, items=True, wanted=inside or {}, fragments=pixels)
            if inside:
                level.content[tag] = sequence.gathered
            self._enter(level, length, sequence)
        elif tag in level.wanted:
            level.content[tag] = yield from self._keep(level, tag, length)
        else:
            yield from self._value(level, length, pixels or pass_over)

    def _measure(self, level: _Level, head: bytes) -> Generator[_Step, bytes, tuple[bytes, int, Encoding]]:
        """VR (empty where implicit), length, and the encoding of what is inside."""
        vr, order = head[4:6], level.encoding.order
        if not level.encoding.explicit or self._implicit_after_all(level, vr):
            return b"", int.from_bytes(head[4:], order), level.encoding
        if vr in SHORT_VRS:
            return vr, int.from_bytes(head[6:], order), level.encoding
        length = int.from_bytes((yield 4, None), order)
        # What is unknown and without length is a sequence in implicit VR, whatever is around it (PS3.5 section 6.2.2).
        return vr, length, IMPLICIT_LITTLE if vr == b"UN" else level.encoding

    def _implicit_after_all(self, level: _Level, vr: bytes) -> bool:
        if vr in LONG_VRS or vr in SHORT_VRS:
            return False
        if self._at_top or level.wanted:
            raise InstanceFault(f"unknown VR in {name(level.last)}")
        # A VR of the future would have a long length (PS3.5 section 6.2); anything else is no VR at all.
        return not (vr.isalpha() and vr.isupper())

    def _keep(self, level: _Level, tag: int, length: int) -> Generator[_Step, bytes, bytes]:
        self._within(level, length)
        if length > VALUE_MAX_BYTES:
            raise InstanceFault(f"{name(tag)} is too long")
        return (yield length, None) if length else b""

    def _value(self, level: _Level, length: int, sink: Sink) -> _Walk:
        self._within(level, length)
        if length:
            yield length, sink

    # --- keeping to the structure

    @property
    def _at_top(self) -> bool:
        return len(self._levels) == 1

    def _place(self, level: _Level, tag: int) -> None:
        self._where = tag if self._at_top else self._where
        if tag >> 16 == 0xFFFE:
            raise InstanceFault(f"a delimiter where an element must be, in {name(level.tag)}")
        if (self._at_top or level.wanted) and tag <= level.last:
            raise InstanceFault(f"{name(tag)} stands twice or out of order")
        level.last = tag

    def _enter(self, level: _Level, length: int, inner: _Level) -> None:
        if len(self._levels) > 2 * DEPTH_MAX:
            raise InstanceFault(f"sequences nested too deep in {name(self._where)}")
        if length != UNDEFINED:
            self._within(level, length)
            inner.end = self._position + length
        self._levels.append(inner)

    def _leave(self, level: _Level) -> None:
        if level.end is not None or self._at_top:
            raise InstanceFault(f"a delimiter that ends nothing, in {name(level.tag)}")
        self._levels.pop()

    def _end(self, level: _Level) -> None:
        if level.end != self._position:
            raise InstanceFault(f"an item runs over its end, in {name(self._where)}")
        self._levels.pop()

    def _within(self, level: _Level, length: int) -> None:
        if length == UNDEFINED or (level.end is not None and self._position + length > level.end):
            raise InstanceFault(f"a length beyond what is around it, in {name(self._where)}")
