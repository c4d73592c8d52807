"""The answers to a C-FIND that asks for one UID each: thousands of them, alike but for that UID.

The first is walked with care. What has the same bytes before and behind the UID says the same of everything else, so
only the UID is read. Any answer that differs elsewhere is walked again, and the next ones are compared with that one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from linkexchange.dataset.syntax import encoding_of
from linkexchange.dicom import identifier
from linkexchange.dicom.identifier import text
from linkexchange.errors import MessageFault
from linkexchange.model.identifiers import TransferSyntaxUid

_UID = re.compile(rb"([0-9.]{1,64})[\0 ]?")


class Rows:
    """Reads the answers under one context. `above` is what was asked with, by tag, and `wanted` the tag of the UID."""

    def __init__(self, above: Mapping[int, str], wanted: int, transfer_syntax: str) -> None:
        self._above, self._wanted, self._syntax = above, wanted, transfer_syntax
        self._explicit = encoding_of(TransferSyntaxUid(transfer_syntax)).explicit
        self._length_bytes = 2 if self._explicit else 4
        self._before = self._behind = b""

    def read(self, answer: bytes) -> str:
        """The UID, as it stands there. Raises `MessageFault` for an answer about something else than was asked."""
        return self._like_the_last(answer) or self._with_care(answer)

    def _like_the_last(self, answer: bytes) -> str:
        """Empty where it differs from the one that was walked in anything but the UID."""
        at = len(self._before)
        if not at or not answer.startswith(self._before):
            return ""
        begin = at + self._length_bytes
        end = begin + int.from_bytes(answer[at:begin], "little")
        found = _UID.fullmatch(answer, begin, end) if end <= len(answer) else None
        return found[1].decode() if found and answer[end:] == self._behind else ""

    def _with_care(self, answer: bytes) -> str:
        wanted = dict.fromkeys((identifier.LEVEL, *self._above, self._wanted))
        content = identifier.decode(answer, self._syntax, wanted)
        if any(text(content, tag) not in ("", asked) for tag, asked in self._above.items()):
            raise MessageFault("C-FIND: an answer about something else than was asked")
        uid = text(content, self._wanted)
        self._compare_with(answer, identifier.element(self._wanted, uid, self._explicit))
        return uid

    def _compare_with(self, answer: bytes, element: bytes) -> None:
        """From now on with this one, where the element with the UID stands in it exactly once."""
        head_bytes = 8 - self._length_bytes
        before, _, behind = answer.partition(element)
        is_clear = answer.count(element) == 1
        self._before, self._behind = (before + element[:head_bytes], behind) if is_clear else (b"", b"")
