"""What origin and destination have in common: a listener, whom it lets in, and a record of what happened."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn, Self

from linkexchange.conform import units
from linkexchange.conform.manners import Admission, Breaking, How, Rejection, Scene, Service
from linkexchange.conform.talk import Gone, Message, Released, Talk
from linkexchange.conform.units import Element, Field, Request, Wish

HOST = "127.0.0.1"
VERIFICATION = "1.2.840.10008.1.1"
STUDY_FIND, STUDY_MOVE, STUDY_GET = (f"1.2.840.10008.5.1.4.1.2.2.{last}" for last in (1, 2, 3))
PATIENT_FIND, PATIENT_MOVE, PATIENT_GET = (f"1.2.840.10008.5.1.4.1.2.1.{last}" for last in (1, 2, 3))

_SERVICES = {
    STUDY_FIND: Service.FIND,
    PATIENT_FIND: Service.FIND,
    STUDY_GET: Service.GET,
    PATIENT_GET: Service.GET,
    STUDY_MOVE: Service.MOVE,
    PATIENT_MOVE: Service.MOVE,
}


@dataclass
class Call:
    """An association that was accepted: what was asked, the accepted contexts with class and syntax, and the roles.

    `travelled` is how many instances have gone over it, whole.
    """

    number: int
    asked: Request
    contexts: Mapping[int, tuple[str, str]]
    roles: frozenset[str]
    travelled: int = 0

    @property
    def caller(self) -> str:
        """Who has called, by AE title."""
        return self.asked.calling


class Peer:
    """A listener with a thread for each connection. Used as a context manager; at its end nothing of it is left.

    `calls` counts connections, `rejected` refused associations, `open` those that are alive and `most` how many were at
    once; `requests` is who has asked for what, `contacts` from which addresses.
    """

    def __init__(self, ae_title: str, admission: Admission, breaking: Breaking | None) -> None:
        self.ae_title = ae_title
        self.admission = admission
        self._breaking = breaking
        self._broken = 0
        self.calls = self.rejected = self.accepted = 0
        self.requests: list[Request] = []
        self.contacts: set[str] = set()
        self.lock = threading.Lock()
        self.over = threading.Event()
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server((HOST, 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self.open = self.most = 0

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        with self.lock:
            connections = list(self._connections)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def serve(self, talk: Talk, call: Call) -> None:
        """Answer what comes on an association, until `Gone`."""
        while True:
            self.answer(talk, call, talk.receive())

    def answer(self, talk: Talk, call: Call, message: Message) -> None:
        """Answer one message; this one knows C-ECHO."""
        if message.number(Element.FIELD) == Field.C_ECHO_RQ:
            talk.send(message.context, reply(message, Field.C_ECHO_RSP, 0))
        elif message.number(Element.FIELD) != Field.C_CANCEL_RQ:
            talk.raw(units.pdu(units.ABORT, bytes(4)))
            raise Gone

    def breaks(self, call: Call, *, within: bool, uid: str = "") -> How | None:
        """Whether this association shall break off here, and how."""
        breaking = self._breaking
        if breaking is None or not breaking.is_due(call.travelled, within=within, uid=uid):
            return None
        with self.lock:
            self._broken += 1
            return breaking.how if breaking.times is None or self._broken <= breaking.times else None

    def utter(self, talk: Talk, pieces: Iterator[bytes]) -> NoReturn:
        """Send these bytes, and then nothing more."""
        for piece in pieces:
            talk.raw(piece)
        talk.break_off(How.HANG)

    def _start(self, target: Callable[..., None], *args: socket.socket) -> None:
        thread = threading.Thread(target=target, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while not self.over.is_set():
                connection, address = self._listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self.lock:
                    self._connections.add(connection)
                    self.calls += 1
                    self.contacts.add(address[0])
                self._start(self._converse, connection)

    def _converse(self, connection: socket.socket) -> None:
        try:
            with suppress(Gone):
                self._negotiate(connection)
        finally:
            with self.lock:
                self._connections.discard(connection)
            connection.close()

    def _negotiate(self, connection: socket.socket) -> None:
        talk = Talk(connection, self.over)
        kind, body = talk.read_pdu()
        if kind != units.ASSOCIATE_RQ:
            raise Gone
        asked = units.read_request(body)
        with self.lock:
            self.requests.append(asked)
        if self.admission.silent:
            talk.break_off(How.HANG)
        if self.admission.instead:
            self.utter(talk, self.admission.instead(asked))
        self._decide(talk, asked, connection)

    def _decide(self, talk: Talk, asked: Request, connection: socket.socket) -> None:
        with self.lock:
            refusal = self._refusal(asked)
            self.rejected += refusal is not None
            self.open += refusal is None
            self.most = max(self.most, self.open)
            number, self.accepted = self.accepted, self.accepted + (refusal is None)
        if refusal:
            talk.raw(units.pdu(units.ASSOCIATE_RJ, struct.pack("xBBB", *refusal.value)))
            # Whoever has rejected leaves it to the caller to hang up (PS3.8 section 9.2, state 13).
            talk.drain()
            raise Gone
        try:
            self._associated(Talk(connection, self.over, max_bytes=asked.max_bytes), self._agreed(number, asked))
        except Released:
            # Whoever hears that it is over may call again, and there must be room for him.
            talk.raw(units.pdu(units.RELEASE_RP, bytes(4)))

    def _associated(self, talk: Talk, call: Call) -> None:
        chosen = {context: syntax for context, (_, syntax) in call.contexts.items()}
        try:
            talk.raw(units.answer(call.asked, chosen, roles=self.admission.grants_roles))
            self.serve(talk, call)
        finally:
            with self.lock:
                self.open -= 1

    def _refusal(self, asked: Request) -> Rejection | None:
        rules = self.admission
        if asked.called != self.ae_title:
            return Rejection.CALLED_AE
        if rules.callers and asked.calling not in rules.callers:
            return Rejection.CALLING_AE
        if rules.most is not None and self.open >= rules.most:
            return Rejection.LIMIT
        within = rules.rejections is None or self.rejected < rules.rejections
        return rules.rejects if within else None

    def _agreed(self, number: int, asked: Request) -> Call:
        chosen = {wish.number: (wish.abstract, self._syntax(wish)) for wish in asked.wishes}
        contexts = {context: (abstract, syntax) for context, (abstract, syntax) in chosen.items() if syntax}
        roles = frozenset(uid for uid, (_, scp) in asked.roles.items() if scp and self.admission.grants_roles)
        return Call(number, asked, contexts, roles)

    def _syntax(self, wish: Wish) -> str:
        """Under which syntax a context is accepted; empty: not at all."""
        rules = self.admission
        if wish.abstract == VERIFICATION:
            return wish.syntaxes[0]
        if (service := _SERVICES.get(wish.abstract)) is not None:
            return wish.syntaxes[0] if service in rules.services else ""
        if rules.sop_classes and wish.abstract not in rules.sop_classes:
            return ""
        if Service.STORE not in rules.services:
            return ""
        return next((it for it in wish.syntaxes if not rules.syntaxes or it in rules.syntaxes), "")


def reply(message: Message, field: Field, status: int) -> dict[Element, int | str]:
    """An answer to a message, with the identifiers that it named."""
    named = {element: message.command[element] for element in _NAMED if element in message.command}
    number = message.number(Element.NUMBER)
    return {**named, Element.FIELD: field, Element.ANSWERED: number, Element.STATUS: status}


def scene(call: Call, message: Message) -> Scene:
    """Where an answer to this message is due."""
    storage = (number for number, (abstract, _) in call.contexts.items() if abstract.startswith(_STORAGE))
    return Scene(message.context, message.number(Element.NUMBER), next(storage, message.context))


_STORAGE = "1.2.840.10008.5.1.4.1.1."
_NAMED = (Element.SOP_CLASS, Element.SOP_INSTANCE)
