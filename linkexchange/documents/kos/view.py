"""A data set as it is looked at: a value of a wrong kind is an oddity and never an exception."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from linkexchange.dataset.text import decode
from linkexchange.documents.elements import typed
from linkexchange.documents.kos.defects import Defect
from linkexchange.documents.kos.encoding import Elements, defined
from linkexchange.documents.kos.private import CREATOR, GROUP, Private
from linkexchange.documents.text import FORBIDDEN, TEXT_MAX
from linkexchange.errors import DocumentFault

T = TypeVar("T")

_ANY_VR = frozenset({b"", b"UN"})
_TEXT_BYTES = 8 * TEXT_MAX
"""What is longer is no text of ours in any character set: it is not even decoded."""


@dataclass(frozen=True, slots=True)
class View:
    """One data set or item. `seen` gathers the oddities of the whole file."""

    elements: Elements
    charset: bytes
    seen: set[Defect]

    def text(self, keyword: str) -> str:
        """The first value as text, empty where there is none. Raises `DocumentFault` for control characters."""
        return self.words(keyword).partition("\\")[0].strip()

    def words(self, keyword: str) -> str:
        """A text that may have more than one line, and a backslash."""
        tag, vr = defined(keyword)
        return self._text(tag, vr, keyword)

    def private(self, element: Private) -> str:
        """A value of our own block, empty where there is none."""
        for block in range(0x10, 0x100):
            creator = self.elements.get((GROUP << 16) + block)
            if creator and creator.content.strip(b" \0") == CREATOR.encode():
                return self._text((GROUP << 16) + (block << 8) + element, b"", "private element")
        return ""

    def items(self, keyword: str) -> Iterator[View]:
        """The items of a sequence, none where there is none."""
        value = self.elements.get(defined(keyword).tag)
        if value is None or (value.items is None and not value.content):
            return
        if value.items is None:
            raise DocumentFault(f"{keyword}: a sequence is wanted")
        yield from (View(it, self.charset, self.seen) for it in value.items)

    def uid(self, kind: Callable[[str], T], keyword: str) -> T:
        """A value as one of our identifiers."""
        return typed(kind, self.text(keyword), keyword)

    def _text(self, tag: int, vr: bytes, path: str) -> str:
        value = self.elements.get(tag)
        if value is None:
            return ""
        if vr and value.vr != vr and value.vr not in _ANY_VR:
            self.seen.add(Defect.VR_WRONG)
        content = value.content
        if len(content) > _TEXT_BYTES:
            raise DocumentFault(f"{path}: too long, or control characters")
        text = (content.decode() if content.isascii() else decode(content, self.charset)).strip(" \0")
        if len(text) > TEXT_MAX or FORBIDDEN.search(text):
            raise DocumentFault(f"{path}: too long, or control characters")
        return text
