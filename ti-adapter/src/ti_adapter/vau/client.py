"""The client's side of the handshake: bytes in, bytes out, no socket and no clock.

    state       what comes          what goes                  next state
    NEW         start               M1 to /VAU                 M1_SENT
    M1_SENT     M2 and VAU-CID      GET of the CertData        M2_READ
    M2_READ     CertData            M3 to the path VAU-CID     M3_SENT
    M3_SENT     M4                  nothing: the channel       OPEN

Whatever is refused, and whatever comes out of its turn, ends the handshake for good (OVER). A `ClientHandshake` makes
one channel at most, so that its keys are counted in one place.
"""

from __future__ import annotations

import threading
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from ti_adapter.vau import outer
from ti_adapter.vau.channel import ChannelLimits, ClientChannel
from ti_adapter.vau.errors import HandshakeRefused, Reason
from ti_adapter.vau.outer import Caller, OuterRequest
from ti_adapter.vau.stages import Begun, Proven, Shown
from ti_adapter.vau.trust import VauTrust

_LIMITS = ChannelLimits()


class State(StrEnum):
    """Where a handshake stands."""

    NEW = "new"
    M1_SENT = "m1-sent"
    M2_READ = "m2-read"
    M3_SENT = "m3-sent"
    OPEN = "open"
    OVER = "over"


class _New:
    """Nothing was said."""


class _Open:
    """The one channel was given away."""


class _Over:
    """Something was refused."""


_STATES: dict[type, State] = {
    _New: State.NEW,
    Begun: State.M1_SENT,
    Shown: State.M2_READ,
    Proven: State.M3_SENT,
    _Open: State.OPEN,
    _Over: State.OVER,
}
_Stage = TypeVar("_Stage", _New, Begun, Shown, Proven)


class ClientHandshake:
    """One handshake with the VAU of a record system.

    Every method raises `HandshakeRefused` with the failed step:

    1. It is this message's turn.
    2. At most 64 kB. 3. One CBOR map, text keys, no key twice, nothing behind it.
    4. The MessageType. 5. All fields, of their types and lengths. 6. Points on P-256, and keys of Kyber768.

    For M2 then: 7. The VAU-CID is a path of the form that gematik prescribes. 8. AEAD_ct was encrypted with K1_s2c.
    9. In it are signed keys, complete. 10. What was signed are keys, complete.
    11. They are used at most 30 days, and `now` is one of them, with a tolerance for the clocks.

    For the CertData: 12. The certificate is the one that M2 named by its hash. 13. It is that of a VAU of the ePA,
    issued by the CA that came along, and not revoked: `verify_certificate`, which also raises `CertificateRefused` and
    `OcspRefused`, with the steps of `ti_adapter.pki`. 14. It has signed the keys.

    For M4: 15. The confirmation was encrypted with K2_s2c_key_confirmation. 16. It is the hash of M1, M2 and M3.

    An error message of the VAU in the place of M2 or M4 raises `VauRefused`. Left to the caller: that the outer HTTP
    status is 200 where another message is read. CertData may be kept under its path, since its hash is checked.
    """

    def __init__(self, trust: VauTrust, caller: Caller, limits: ChannelLimits = _LIMITS) -> None:
        self._trust, self._caller, self._limits = trust, caller, limits
        self._lock = threading.Lock()
        self._stage: _New | Begun | Shown | Proven | _Open | _Over = _New()

    @property
    def state(self) -> State:
        """Where it stands."""
        return _STATES[type(self._stage)]

    def start(self) -> OuterRequest:
        """M1."""
        self._take(_New)
        self._stage = stage = Begun.anew()
        return outer.post(outer.HANDSHAKE_PATH, outer.CBOR, stage.said, self._caller.headers())

    def receive_m2(self, body: bytes, cid: str, now: datetime) -> OuterRequest:
        """Steps 1 to 11; then the CertData is asked for. `cid` is the header VAU-CID of the answer."""
        self._stage = stage = self._take(Begun).receive_m2(body, cid, now)
        return OuterRequest("GET", stage.signed.cert_data_path, {**self._caller.headers(), "Accept": outer.CBOR})

    def receive_cert_data(self, body: bytes, now: datetime) -> OuterRequest:
        """Steps 1 to 6 and 12 to 14; then M3."""
        self._stage = stage = self._take(Shown).receive_cert_data(body, self._trust, now)
        return outer.post(stage.path, outer.CBOR, stage.m3, self._caller.headers())

    def receive_m4(self, body: bytes, now: datetime) -> ClientChannel:
        """Steps 1 to 5, 15 and 16; then the channel is open."""
        stage = self._take(Proven)
        channel = ClientChannel(stage.receive_m4(body), stage.path, self._caller, self._limits, now)
        self._stage = _Open()
        return channel

    def _take(self, kind: type[_Stage]) -> _Stage:
        """Step 1. The stage is gone with it: only what is not refused puts the next one in its place."""
        with self._lock:
            stage, self._stage = self._stage, _Over()
        if not isinstance(stage, kind):
            raise HandshakeRefused(1, Reason.TURN)
        return stage
