"""The client's end of an open channel."""

from __future__ import annotations

import base64
import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ti_adapter.vau import codec, outer
from ti_adapter.vau.codec import Counter, Direction, Lane
from ti_adapter.vau.errors import ChannelEnded, MessageRefused, Reason
from ti_adapter.vau.keys import SecondKeys
from ti_adapter.vau.outer import Caller, Environment, OuterRequest


@dataclass(frozen=True, slots=True)
class ChannelLimits:
    """After which time, and after how many requests, a channel takes no more: then a new handshake makes new keys.

    24 hours are uncertain; a record system may end a channel earlier, and says so by an error.
    """

    lifetime: timedelta = timedelta(hours=24)
    requests: int = 2**32


class PendingRequest:
    """A request that was sealed and may be sent once, and the one response that it may get."""

    def __init__(self, request: OuterRequest, lane: Lane, counter: int) -> None:
        self.request = request
        self.counter = counter
        self._lane = lane
        self._lock = threading.Lock()
        self._answered = False

    def open(self, response: bytes) -> bytes:
        """The plaintext of the response; raises `MessageRefused` (steps of `codec.open_message`)."""
        if codec.read_counter(self._lane, response) != self.counter:
            raise MessageRefused(6, Reason.COUNTER)
        plaintext = codec.open_message(self._lane, response)
        with self._lock:
            if self._answered:
                raise MessageRefused(8, Reason.REPLAYED)
            self._answered = True
        return plaintext


class ClientChannel:
    """Seals requests, each of which opens its response. Any number of threads may share it.

    Made by `ClientHandshake` and by nothing else: two channels with the same keys would count twice.
    """

    def __init__(self, keys: SecondKeys, path: str, caller: Caller, limits: ChannelLimits, opened: datetime) -> None:
        self._requests = Lane(Direction.REQUEST, caller.environment, keys.key_id, keys.c2s_app_data)
        self._responses = Lane(Direction.RESPONSE, caller.environment, keys.key_id, keys.s2c_app_data)
        self._path, self._caller = path, caller
        self._counter = Counter(limits.requests)
        self._opened, self._ends = opened, opened + limits.lifetime

    @property
    def key_id(self) -> bytes:
        """Name of the keys, 32 bytes, no secret: `KeyID` of the record system's VAU-Status."""
        return self._requests.key_id

    def is_fresh(self, now: datetime) -> bool:
        """Whether its time has not come yet. A clock that was set back ends it too."""
        return self._opened <= now < self._ends

    def seal(self, plaintext: bytes, now: datetime, *, pseudonym: str = "") -> PendingRequest:
        """Encrypt an inner HTTP request (start line, headers, body); `pseudonym` is the `vau-np` of the user's login.

        Raises `ChannelEnded` when new keys are due, and ValueError for an empty request or what is no pseudonym.
        """
        if not self.is_fresh(now):
            raise ChannelEnded(Reason.LIFETIME)
        caller = replace(self._caller, pseudonym=pseudonym or self._caller.pseudonym)
        number = self._counter.next()
        message = codec.seal_message(self._requests, plaintext, request=number, encryption=number)
        headers = {**caller.headers(), **self._tracing()}
        return PendingRequest(outer.post(self._path, outer.OCTETS, message, headers), self._responses, number)

    def _tracing(self) -> dict[str, str]:
        """Both keys in the clear, which test environments require and production forbids."""
        if self._requests.environment is not Environment.NON_PU:
            return {}
        keys = (self._requests.key, self._responses.key)
        return {outer.TRACING_HEADER: " ".join(base64.b64encode(key).decode() for key in keys)}
