"""A PACS that is sent to: it stores, and answers what it has."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from linkexchange.conform.finding import find
from linkexchange.conform.images import Instance
from linkexchange.conform.manners import DestinationManners
from linkexchange.conform.peer import Call, Peer, reply, scene
from linkexchange.conform.talk import Message, Talk
from linkexchange.conform.units import Element, Field


@dataclass(frozen=True, slots=True)
class Received:
    """One C-STORE that came whole: what its command said, its data set, and what it was answered."""

    association: int
    sop_class: str
    uid: str
    syntax: str
    content: bytes
    status: int

    @property
    def sha256(self) -> str:
        """Over the data set as it came."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def is_kept(self) -> bool:
        """Whether the sender was told that it is stored, with a warning or without."""
        return self.status == 0 or self.status & 0xF000 == 0xB000


class DestinationPacs(Peer):
    """A Storage SCP with C-ECHO and C-FIND.

    `received` is every instance that came whole, in order; `begun` how often each was begun.
    """

    def __init__(
        self,
        manners: DestinationManners | None = None,
        *,
        ae_title: str = "DESTINATION",
        holds: Sequence[Instance] = (),
    ) -> None:
        self.manners = manners or DestinationManners()
        super().__init__(ae_title, self.manners.admission, self.manners.breaking)
        self.received: list[Received] = []
        self.begun: Counter[str] = Counter()
        self.holds = tuple(holds)

    @property
    def kept(self) -> list[Received]:
        """What it was given and has, in order; an instance that came twice is there twice."""
        with self.lock:
            return [it for it in self.received if it.is_kept and it.uid not in self.manners.forgets]

    @property
    def held(self) -> tuple[Instance, ...]:
        """All it has: what it held before, and what it was given."""
        given = {it.uid: it for it in self.kept}
        return (*self.holds, *(Instance.of(it.content, it.syntax) for it in given.values()))

    def forget(self) -> None:
        """Lose all that it was given."""
        with self.lock:
            self.received.clear()
            self.begun.clear()

    def serve(self, talk: Talk, call: Call) -> None:
        """Take message by message; the manners say when it ends."""
        while True:
            message = talk.receive(lambda one: self._heard(talk, call, one))
            self.answer(talk, call, message)

    def answer(self, talk: Talk, call: Call, message: Message) -> None:
        """C-STORE, C-FIND from what it has, and all that any peer answers."""
        field = message.number(Element.FIELD)
        if field == Field.C_STORE_RQ:
            self._store(talk, call, message)
        elif field == Field.C_FIND_RQ:
            find(talk, message, syntax=call.contexts[message.context][1], held=self.held)
        else:
            super().answer(talk, call, message)

    def _heard(self, talk: Talk, call: Call, message: Message) -> None:
        """The command of a C-STORE is there, and its data set is not."""
        if message.number(Element.FIELD) != Field.C_STORE_RQ:
            return
        with self.lock:
            self.begun[message.text(Element.SOP_INSTANCE)] += 1
        if self.manners.early:
            self._answer(talk, message, 0)
        if how := self.breaks(call, within=True):
            talk.receive_part()
            talk.break_off(how)

    def _store(self, talk: Talk, call: Call, message: Message) -> None:
        if how := self.breaks(call, within=False):
            if self.manners.stores_unanswered:
                self._note(call, message)
            talk.break_off(how)
        status = self._note(call, message)
        talk.pause(self.manners.pause_seconds)
        if self.manners.instead:
            self.utter(talk, self.manners.instead(scene(call, message)))
        if not self.manners.early:
            self._answer(talk, message, status)

    def _note(self, call: Call, message: Message) -> int:
        sop_class, uid = message.text(Element.SOP_CLASS), message.text(Element.SOP_INSTANCE)
        syntax = call.contexts[message.context][1]
        call.travelled += 1
        with self.lock:
            status = self._status(uid)
            self.received.append(Received(call.number, sop_class, uid, syntax, message.content, status))
        return status

    def _answer(self, talk: Talk, message: Message, status: int) -> None:
        answer = reply(message, Field.C_STORE_RSP, status)
        if self.manners.wrong_number:
            answer[Element.ANSWERED] = (message.number(Element.NUMBER) + 1000) % 65536
        talk.send(message.context, answer)

    def _status(self, uid: str) -> int:
        refusing = self.manners.refusing
        if refusing is None or (refusing.only and uid not in refusing.only):
            return 0
        earlier = sum(it.uid == uid for it in self.received)
        return refusing.status if refusing.times is None or earlier < refusing.times else 0
