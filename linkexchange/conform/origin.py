"""A PACS that is asked: C-FIND, C-GET and C-MOVE, as honest as its manners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress

from linkexchange.conform.calling import Caller
from linkexchange.conform.finding import find, matching
from linkexchange.conform.images import Instance, decode
from linkexchange.conform.manners import OriginManners
from linkexchange.conform.peer import Call, Peer, reply, scene
from linkexchange.conform.retrieving import Retrieve
from linkexchange.conform.talk import Gone, Message, Talk
from linkexchange.conform.units import Element, Field

_UNKNOWN_DESTINATION = 0xA801


class OriginPacs(Peer):
    """An archive that holds these instances. `destinations` are the AE titles that a C-MOVE may name.

    `asked` are the levels of all retrieves, `sent` is every instance that went out whole, in order, and `cancelled`
    counts C-CANCEL.
    """

    def __init__(
        self,
        holds: Sequence[Instance],
        manners: OriginManners | None = None,
        *,
        ae_title: str = "ORIGIN",
        destinations: Mapping[str, tuple[str, int]] | None = None,
    ) -> None:
        self.manners = manners or OriginManners()
        super().__init__(ae_title, self.manners.admission, self.manners.breaking)
        self.holds = tuple(holds)
        self.destinations = dict(destinations or {})
        self.asked: list[str] = []
        self.sent: list[str] = []
        self.cancelled = 0
        self._listed_by: int | None = None

    def answer(self, talk: Talk, call: Call, message: Message) -> None:
        """C-FIND, C-GET, C-MOVE, and all that any peer answers."""
        answers = {Field.C_FIND_RQ: self._find, Field.C_GET_RQ: self._get, Field.C_MOVE_RQ: self._move}
        field = message.number(Element.FIELD)
        if field in answers:
            answers[Field(field)](talk, call, message)
        else:
            super().answer(talk, call, message)

    def _find(self, talk: Talk, call: Call, message: Message) -> None:
        manners = self.manners
        talk.pause(manners.pause_seconds)
        if manners.find_instead:
            self.utter(talk, manners.find_instead(scene(call, message)))
        syntax = call.contexts[message.context][1]
        listed = [it for it in self._held(call) if it.uid not in manners.unlisted]
        status, tells = manners.find_status, manners.tells_classes
        for_ever = manners.finds_for_ever
        find(talk, message, syntax=syntax, held=listed, status=status, tells_classes=tells, for_ever=for_ever)
        if self._listed_by is None and decode(message.content, syntax).QueryRetrieveLevel == "IMAGE":
            self._listed_by = call.number

    def _get(self, talk: Talk, call: Call, message: Message) -> None:
        retrieve = self._begin(talk, call, message)
        for instance in retrieve.chosen:
            self._between(talk, call)
            if retrieve.cancelled:
                break
            self._get_one(retrieve, call, instance)
            retrieve.progress()
        self._between(talk, call)
        retrieve.finish(self.manners.status)

    def _get_one(self, retrieve: Retrieve, call: Call, instance: Instance) -> None:
        context = _context_for(call, instance)
        if instance.uid in self.manners.withheld:
            retrieve.completed += 1
        elif context is None:
            retrieve.failed += 1
        else:
            self._send(retrieve.talk, call, instance, context=context)
            self._await_answer(retrieve)

    def _send(self, talk: Talk, call: Call, instance: Instance, *, context: int) -> None:
        request: dict[Element, int | str] = {
            Element.FIELD: Field.C_STORE_RQ,
            Element.NUMBER: call.travelled + 1,
            Element.PRIORITY: 0,
            Element.SOP_CLASS: instance.sop_class,
            Element.SOP_INSTANCE: self.manners.named.get(instance.uid, instance.uid),
        }
        if how := self.breaks(call, within=True, uid=instance.uid):
            talk.send_command(context, {**request, Element.DATA_SET_TYPE: 1})
            talk.send_content(context, instance.content[: len(instance.content) // 4 * 2], ends=False)
            talk.break_off(how)
        talk.send(context, request, instance.content, drip_seconds=self.manners.drip_seconds)
        self._note(call, instance)

    def _await_answer(self, retrieve: Retrieve) -> None:
        """To the C-STORE; a C-CANCEL may come before it."""
        while (message := retrieve.talk.receive()).number(Element.FIELD) != Field.C_STORE_RSP:
            retrieve.cancelled |= message.number(Element.FIELD) == Field.C_CANCEL_RQ
            self.cancelled += 1
        failed = message.number(Element.STATUS) != 0
        retrieve.failed += failed
        retrieve.completed += not failed

    def _move(self, talk: Talk, call: Call, message: Message) -> None:
        target = self.destinations.get(message.text(Element.MOVE_DESTINATION))
        if target is None:
            talk.send(message.context, reply(message, Field.C_MOVE_RSP, _UNKNOWN_DESTINATION))
            return
        retrieve = self._begin(talk, call, message)
        in_time = len(retrieve.chosen) - self.manners.late_moves
        self._push(retrieve, call, target, these=retrieve.chosen[:in_time])
        self._between(talk, call)
        retrieve.finish(self.manners.status)
        self._push(retrieve, call, target, these=retrieve.chosen[in_time:])

    def _push(self, retrieve: Retrieve, call: Call, target: tuple[str, int], *, these: Sequence[Instance]) -> None:
        """Send over associations of our own, in turn; what does not get there has failed."""
        with ExitStack() as stack, suppress(OSError, Gone):
            called = retrieve.message.text(Element.MOVE_DESTINATION)
            contexts = sorted({(it.sop_class, it.syntax) for it in these})
            count = min(self.manners.move_associations, len(these))
            opened = [Caller(target, contexts, calling=self.ae_title, called=called) for _ in range(count)]
            callers = [stack.enter_context(caller) for caller in opened]
            for at, instance in enumerate(these):
                self._between(retrieve.talk, call)
                self._move_one(retrieve, call, instance, caller=callers[at % count])
        retrieve.failed = len(these) - retrieve.completed if these else retrieve.failed

    def _move_one(self, retrieve: Retrieve, call: Call, instance: Instance, *, caller: Caller) -> None:
        if instance.uid in self.manners.withheld:
            retrieve.completed += 1
            return
        originator = (call.caller, retrieve.message.number(Element.NUMBER)) if self.manners.names_originator else None
        named = self.manners.named.get(instance.uid, "")
        retrieve.completed += caller.store(instance, named=named, originator=originator) == 0
        self._note(call, instance)
        retrieve.progress()

    def _begin(self, talk: Talk, call: Call, message: Message) -> Retrieve:
        asked = decode(message.content, call.contexts[message.context][1])
        self.asked.append(str(asked.QueryRetrieveLevel))
        chosen = [it for it in matching(asked, self._held(call)) for _ in range(self.manners.repeats)]
        ordered = chosen[::-1] if self.manners.backwards else chosen
        retrieve = Retrieve(talk, message, [*ordered, *self.manners.surplus], self.manners.counts)
        if self.manners.pending_for_ever:
            retrieve.for_ever()
        if self.manners.instead:
            self.utter(talk, self.manners.instead(scene(call, message)))
        return retrieve

    def _between(self, talk: Talk, call: Call) -> None:
        """What may happen before an instance, and after the last."""
        talk.pause(self.manners.pause_seconds)
        if how := self.breaks(call, within=False):
            talk.break_off(how)

    def _held(self, call: Call) -> tuple[Instance, ...]:
        """What it has by now: late images come between two associations."""
        grown = self._listed_by is not None and call.number > self._listed_by
        return (*self.holds, *(self.manners.late if grown else ()))

    def _note(self, call: Call, instance: Instance) -> None:
        call.travelled += 1
        with self.lock:
            self.sent.append(instance.uid)


def _context_for(call: Call, instance: Instance) -> int | None:
    """The context under which the caller takes this instance as it is stored, in the role that he was granted."""
    for number, pair in call.contexts.items():
        if pair == (instance.sop_class, instance.syntax) and instance.sop_class in call.roles:
            return number
    return None
