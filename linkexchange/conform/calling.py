"""The peer as a caller: the sub-operations of a C-MOVE, or whoever else wants to store something."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Self

from linkexchange.conform import units
from linkexchange.conform.images import Instance
from linkexchange.conform.talk import Gone, Talk
from linkexchange.conform.units import Element, Field, Wish

_CONNECT_SECONDS = 5.0


class Caller:
    """An association as SCU. Raises `Gone` where it is refused or ends, OSError where nobody listens."""

    def __init__(
        self, target: tuple[str, int], contexts: Sequence[tuple[str, str]], *, calling: str, called: str
    ) -> None:
        self._socket = socket.create_connection(target, timeout=_CONNECT_SECONDS)
        self._numbers = itertools.count(1)
        self.talk = Talk(self._socket, threading.Event())
        wishes = tuple(Wish(2 * at + 1, abstract, (syntax,)) for at, (abstract, syntax) in enumerate(contexts))
        try:
            self.contexts = self._negotiate(units.request(called, calling, wishes), wishes)
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def store(
        self, instance: Instance, *, named: str = "", originator: tuple[str, int] | None = None, number: int = 0
    ) -> int:
        """C-STORE; the status of the answer. `named` is what the command says in place of the instance's own UID."""
        context = self.contexts.get((instance.sop_class, instance.syntax))
        if context is None:
            return 0x0122
        request: dict[Element, int | str] = {
            Element.FIELD: Field.C_STORE_RQ,
            Element.NUMBER: number or next(self._numbers),
            Element.PRIORITY: 0,
            Element.SOP_CLASS: instance.sop_class,
            Element.SOP_INSTANCE: named or instance.uid,
        }
        if originator:
            request |= {Element.ORIGINATOR: originator[0], Element.ORIGINATOR_NUMBER: originator[1]}
        try:
            self.talk.send(context, request, instance.content)
            return self.talk.receive().number(Element.STATUS)
        except Gone:
            self._socket.close()
            raise

    def close(self) -> None:
        """Release it as far as the other side is there."""
        with suppress(Gone):
            self.talk.release()
        self._socket.close()

    def _negotiate(self, request: bytes, wishes: Sequence[Wish]) -> Mapping[tuple[str, str], int]:
        self.talk.raw(request)
        kind, body = self.talk.read_pdu()
        if kind != units.ASSOCIATE_AC:
            raise Gone
        accepted = units.read_answer(body)
        return {(it.abstract, it.syntaxes[0]): it.number for it in wishes if it.number in accepted}
