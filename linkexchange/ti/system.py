"""One record system as this institution reaches it: in the open, and inside the VAU channel once it is logged in."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import httpx

from ti_adapter.attestation import Card
from ti_adapter.epa import AskIdp, CardProof, EpaCode, EpaRefused, Kvnr, Rest, UserAgent, entitle, log_in
from ti_adapter.epa.authorization import STATUS
from ti_adapter.epa.xds import XdsDocumentService, documents_of
from ti_adapter.vau import Caller, ChannelEnded, Environment, VauRefused, VauTrust
from ti_adapter.vau.transport import VauTransport

TIMEOUT = httpx.Timeout(60, connect=5)

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who comes: the institution with its card, its client software, and whom it believes."""

    telematik_id: str
    card: Card
    ask_idp: AskIdp
    trust: Callable[[], VauTrust]
    user_agent: str
    environment: Environment
    tls: ssl.SSLContext
    clock: Callable[[], datetime]


class RecordSystem:
    """A record system, for all threads: they share one channel, and one login in it.

    A login costs two signatures of the card. It is needed anew when the channel has ended, and when the record system
    has forgotten it.
    """

    def __init__(self, url: str, visitor: Visitor, lines: ExitStack) -> None:
        self._visitor = visitor
        outer = lines.enter_context(httpx.Client(base_url=url, verify=visitor.tls, timeout=TIMEOUT, trust_env=False))
        caller = Caller(visitor.user_agent, visitor.environment)
        self._channel = VauTransport(outer, visitor.trust, caller, visitor.clock)
        agent = UserAgent(visitor.user_agent)
        self.open = Rest(outer, agent)
        """What it answers in the open: the information service."""
        inside = lines.enter_context(httpx.Client(base_url=url, transport=self._channel, trust_env=False))
        self._inside = Rest(inside, agent)
        self._turn = threading.Lock()
        self._logged_in = b""

    def use(self, kvnr: Kvnr, operation: Callable[[XdsDocumentService], _Answer]) -> _Answer:
        """Run an operation on the documents of a record, logged in; once more where the login or the channel has ended.

        Raises what the operation raises, what `epa.log_in` raises, and what the channel raises.
        """
        return self._within(lambda: operation(documents_of(self._inside, kvnr)))

    def entitle(self, kvnr: Kvnr, proof: CardProof) -> datetime:
        """Let the institution into a record, and say until when; costs a signature. Raises as `use` does."""
        it = self._visitor
        return self._within(lambda: entitle(self._inside, kvnr, it.card, proof, it.clock()))

    def _within(self, operation: Callable[[], _Answer]) -> _Answer:
        used = self.enter()
        try:
            return operation()
        except EpaRefused as refused:
            if refused.code is not EpaCode.INVALID_AUTH:
                raise
            self._leave(used)
        except (VauRefused, ChannelEnded):
            pass
        self.enter()
        return operation()

    def enter(self) -> bytes:
        """Log in, unless this channel is logged in already; the name of its keys."""
        with self._turn:
            if not self._is_logged_in:
                self._log_in()
            return self._logged_in

    def knock(self) -> None:
        """Open the channel, or use the one that is open; once more where it has ended.

        Raises as `Rest.get` does, and what the channel raises.
        """
        try:
            self._inside.get(STATUS)
        except (VauRefused, ChannelEnded):
            self._inside.get(STATUS)

    def log_in(self) -> None:
        """Ask who is logged in, and log in where nobody is; costs no signature otherwise. Raises as `enter` does."""
        with self._turn:
            self._log_in()

    @property
    def _is_logged_in(self) -> bool:
        return bool(self._logged_in) and self._channel.key_id == self._logged_in

    def _log_in(self) -> None:
        it = self._visitor
        if not self._is_logged_in:
            self._channel.pseudonym = ""
        log_in(self._inside, self._channel, it.card, it.ask_idp, it.telematik_id, it.clock())
        self._logged_in = self._channel.key_id

    def _leave(self, used: bytes) -> None:
        """The record system says that nobody is logged in there; another thread may have seen to it by now."""
        with self._turn:
            if self._logged_in == used:
                self._logged_in = b""
