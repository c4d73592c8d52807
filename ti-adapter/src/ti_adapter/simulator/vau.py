"""The VAU of a simulated record system: outer requests in, outer answers out, no socket and no clock.

    state of a connection   what comes      what goes   next state
    none                    M1              M2          waiting
    waiting                 M3              M4          open
    open                    a request       a response  open

It refuses what is malformed, out of turn, encrypted with other keys, replayed, or of the other environment, with an
error message. A handshake that is refused is over; a request that is refused leaves its channel as it was, since
anybody could send it. The encryption counter of a response is the VAU's own (gemSpec_Krypt, A_24631, A_24632).

    answer = server.receive(request, now)
    if isinstance(answer, InnerRequest):
        answer = server.respond(answer, inner_response)
"""

from __future__ import annotations

import base64
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from http import HTTPStatus

import cbor2

from ti_adapter.errors import ProofFailed
from ti_adapter.simulator.vau_connection import InnerRequest, ServerChannel, WaitingHandshake
from ti_adapter.simulator.vau_identity import VauIdentity
from ti_adapter.vau import outer
from ti_adapter.vau.errors import HandshakeRefused, MessageRefused, OuterRefused, Reason, VauRefused
from ti_adapter.vau.outer import Caller, Environment, OuterRequest

__all__ = ["InnerRequest", "OuterAnswer", "VauErrorCode", "VauServer"]

CONNECTIONS_MAX = 1000


class VauErrorCode(IntEnum):
    """`ErrorCode` of an error message. The numbers are uncertain, and our client decides nothing by them."""

    DECODING = 1
    MISSING_PARAMETERS = 2
    DECRYPTION = 3
    ENVIRONMENT = 4
    TRANSCRIPT = 5
    FORM = 6
    NOT_A_REQUEST = 7
    KEY_ID = 8
    CID = 9


_CODES: dict[Reason, VauErrorCode] = {
    Reason.FIELDS: VauErrorCode.MISSING_PARAMETERS,
    Reason.DECRYPTION: VauErrorCode.DECRYPTION,
    Reason.KEY_CONFIRMATION: VauErrorCode.DECRYPTION,
    Reason.TAG: VauErrorCode.DECRYPTION,
    Reason.ENVIRONMENT: VauErrorCode.ENVIRONMENT,
    Reason.TRANSCRIPT: VauErrorCode.TRANSCRIPT,
    Reason.LENGTH: VauErrorCode.FORM,
    Reason.VERSION: VauErrorCode.FORM,
    Reason.DIRECTION: VauErrorCode.NOT_A_REQUEST,
    Reason.KEY_ID: VauErrorCode.KEY_ID,
    Reason.CID: VauErrorCode.CID,
}
"""All others are `DECODING`."""


@dataclass(frozen=True, slots=True)
class OuterAnswer:
    """One HTTP answer. `refused` says why it is an error, for the log of the simulator; it does not travel."""

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)
    refused: ProofFailed | None = None


@dataclass(slots=True)
class VauServer:
    """A VAU with any number of connections, of which the oldest makes room for the thousand and first.

    `identity` may be replaced at any time: a handshake ends with the keys that it began with. Steps for outer requests,
    refused with `OuterRefused`:

    1. GET of its CertData, or POST. 2. The header x-useragent has its form. 3. The media type is that of a handshake or
    of a message. 4. Outside the production environment a message comes with its keys in VAU-nonPU-Tracing, within it
    without that header. Then come the steps of handshake and channel.
    """

    identity: VauIdentity
    environment: Environment = Environment.NON_PU
    connections: OrderedDict[str, WaitingHandshake | ServerChannel] = field(default_factory=OrderedDict)

    def receive(self, request: OuterRequest, now: datetime) -> OuterAnswer | InnerRequest:
        """Answer an outer request, or say what was asked inside the channel."""
        try:
            return self._receive(request, now)
        except (OuterRefused, HandshakeRefused, MessageRefused) as refused:
            return _error(refused)
        except VauRefused:
            return _error(HandshakeRefused(4, Reason.MESSAGE_TYPE))

    def respond(self, asked: InnerRequest, response: bytes) -> OuterAnswer:
        """The outer answer with this inner response."""
        return OuterAnswer(HTTPStatus.OK, {"Content-Type": outer.OCTETS}, asked.seal(response))

    def _receive(self, request: OuterRequest, now: datetime) -> OuterAnswer | InnerRequest:
        _check_user_agent(request, self.environment)
        if request.method == "GET" and request.path == self.identity.signed.cert_data_path:
            return _cbor(self.identity.cert_data.encode())
        if request.method != "POST":
            raise OuterRefused(1, Reason.PATH)
        media_type = _header(request, "Content-Type")
        if media_type not in {outer.CBOR, outer.OCTETS}:
            raise OuterRefused(3, Reason.MEDIA_TYPE)
        if media_type == outer.OCTETS:
            return self._message(request, now)
        return self._m1(request) if request.path == outer.HANDSHAKE_PATH else self._m3(request, now)

    def _m1(self, request: OuterRequest) -> OuterAnswer:
        waiting, m2 = WaitingHandshake.answer(request.body, self.identity)
        cid = f"{outer.HANDSHAKE_PATH}/{secrets.token_hex(24)}"
        self.connections[cid] = waiting
        if len(self.connections) > CONNECTIONS_MAX:
            self.connections.popitem(last=False)
        return _cbor(m2, {outer.CID_HEADER: cid})

    def _m3(self, request: OuterRequest, now: datetime) -> OuterAnswer:
        waiting = self._connection(request)
        if not isinstance(waiting, WaitingHandshake):
            raise HandshakeRefused(1, Reason.TURN)
        del self.connections[request.path]
        self.connections[request.path], m4 = waiting.finish(request.body, self.environment, now)
        return _cbor(m4)

    def _message(self, request: OuterRequest, now: datetime) -> InnerRequest:
        channel = self._connection(request)
        if not isinstance(channel, ServerChannel):
            raise HandshakeRefused(1, Reason.TURN)
        if not channel.is_fresh(now):
            del self.connections[request.path]
            raise HandshakeRefused(7, Reason.CID)
        _check_tracing(request, channel, self.environment)
        return channel.open(request.body)

    def _connection(self, request: OuterRequest) -> WaitingHandshake | ServerChannel:
        found = self.connections.get(request.path)
        if found is None:
            raise HandshakeRefused(7, Reason.CID)
        return found


def _header(request: OuterRequest, name: str) -> str:
    """Names of headers have no case."""
    return next((value for key, value in request.headers.items() if key.casefold() == name.casefold()), "")


def _check_user_agent(request: OuterRequest, environment: Environment) -> None:
    try:
        Caller(_header(request, outer.USER_AGENT_HEADER), environment)
    except ValueError as wrong:
        raise OuterRefused(2, Reason.USER_AGENT) from wrong


def _check_tracing(request: OuterRequest, channel: ServerChannel, environment: Environment) -> None:
    keys = (channel.requests.key, channel.responses.key)
    is_production = environment is Environment.PU
    wanted = "" if is_production else " ".join(base64.b64encode(key).decode() for key in keys)
    if _header(request, outer.TRACING_HEADER) != wanted:
        raise OuterRefused(4, Reason.TRACING)


def _cbor(body: bytes, more: dict[str, str] | None = None) -> OuterAnswer:
    return OuterAnswer(HTTPStatus.OK, {"Content-Type": outer.CBOR, **(more or {})}, body)


def _error(refused: ProofFailed) -> OuterAnswer:
    code = _CODES.get(Reason(refused.reason), VauErrorCode.DECODING)
    status = HTTPStatus.NOT_FOUND if refused.reason in {Reason.CID, Reason.PATH} else HTTPStatus.BAD_REQUEST
    body = cbor2.dumps({"MessageType": "Error", "ErrorCode": int(code), "ErrorMessage": str(refused)})
    return OuterAnswer(status, {"Content-Type": outer.CBOR}, body, refused)
