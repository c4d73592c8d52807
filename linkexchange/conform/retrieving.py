"""How an archive goes through what it was asked for: the part that C-GET and C-MOVE share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from linkexchange.conform.images import Instance
from linkexchange.conform.manners import Counts
from linkexchange.conform.peer import reply
from linkexchange.conform.talk import Message, Talk
from linkexchange.conform.units import Element, Field

_PENDING, _CANCELLED, _SOME_FAILED = 0xFF00, 0xFE00, 0xB000
_PENDING_SECONDS = 0.05


@dataclass
class Retrieve:
    """A C-GET or C-MOVE under way: who asked, what for, and how the sub-operations went."""

    talk: Talk
    message: Message
    chosen: Sequence[Instance]
    counts: Counts
    completed: int = 0
    failed: int = 0
    cancelled: bool = False

    def progress(self) -> None:
        """A pending answer."""
        self.talk.send(self.message.context, self._answer(_PENDING))

    def for_ever(self) -> None:
        """Pending answers and nothing else; the end of the peer ends them, with `Gone`."""
        while True:
            self.progress()
            self.talk.pause(_PENDING_SECONDS)

    def finish(self, status: int) -> None:
        """The final answer: this status, or the honest one."""
        honest = _CANCELLED if self.cancelled else _SOME_FAILED if self.failed else 0
        self.talk.send(self.message.context, self._answer(status or honest))

    def _answer(self, status: int) -> dict[Element, int | str]:
        field = Field.C_GET_RSP if self.message.number(Element.FIELD) == Field.C_GET_RQ else Field.C_MOVE_RSP
        answer = reply(self.message, field, status)
        if self.counts is not Counts.NONE:
            names = (Element.REMAINING, Element.COMPLETED, Element.FAILED, Element.WARNED)
            answer |= dict(zip(names, self._numbers(), strict=True))
        return answer

    def _numbers(self) -> tuple[int, int, int, int]:
        everything = len(self.chosen)
        if self.counts is Counts.ALL_DONE:
            return 0, everything, 0, 0
        if self.counts is Counts.NONSENSE:
            return 1000 + self.completed, 0, 65535, everything
        return everything - self.completed - self.failed, self.completed, self.failed, 0
