"""The desk of the other participant of a world, without a wire."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from linkexchange.errors import OriginUnavailable
from linkexchange.model.released import Answered
from linkexchange.releasing import Counter
from linkexchange.resolve import Caller


@dataclass
class OpenDesk:
    """`ports.Desk`: the other participant's, without a wire. `handed_in` is whatever was handed in."""

    counter: Counter
    caller: Caller
    down: bool = False
    handed_in: list[str] = field(default_factory=list)

    def hand_in(self, signed: str) -> None:
        self._answers()
        self.handed_in.append(signed)
        self.counter.hand_in(signed, self.caller.telematik_id, self.caller.keys)

    def answer(self, request: UUID) -> Answered:
        self._answers()
        return self.counter.answer(request, self.caller.telematik_id)

    def _answers(self) -> None:
        if self.down:
            raise OriginUnavailable("connection refused")
