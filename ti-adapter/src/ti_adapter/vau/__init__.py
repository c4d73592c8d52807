"""The VAU protocol of ePA für alle: a handshake with the trusted environment of a record system, and the channel.

    handshake = ClientHandshake(trust, Caller("CLIENTID1234567890AB/1.0", Environment.NON_PU))
    m1 = handshake.start()                                        # send each of these to the record system's origin,
    asked = handshake.receive_m2(body, headers["VAU-CID"], now)   # and hand in what it answers
    m3 = handshake.receive_cert_data(body, now)
    channel = handshake.receive_m4(body, now)
    pending = channel.seal(inner_request, now)                    # raises `ChannelEnded` when a new handshake is due
    inner_response = pending.open(body)

After gemSpec_Krypt, chapter 7. ECDH on P-256 and Kyber768 of round 3 together make the keys. The VAU has signed
its own; `ti_adapter.pki` proves the certificate and the OCSP answer behind that. Nothing here opens a socket or reads a
clock, but for `vau.transport`, which does all of the above for a client of httpx.

What could not be read in the specification is a parameter: see `VauTrust` and `ChannelLimits`.
"""

from __future__ import annotations

from ti_adapter.vau.certificate import verify_certificate
from ti_adapter.vau.channel import ChannelLimits, ClientChannel, PendingRequest
from ti_adapter.vau.client import ClientHandshake, State
from ti_adapter.vau.errors import (
    ChannelEnded,
    HandshakeRefused,
    MessageRefused,
    Reason,
    VauRefused,
    VauSilent,
)
from ti_adapter.vau.outer import Caller, Environment, OuterRequest
from ti_adapter.vau.trust import VauTrust

__all__ = [
    "Caller",
    "ChannelEnded",
    "ChannelLimits",
    "ClientChannel",
    "ClientHandshake",
    "Environment",
    "HandshakeRefused",
    "MessageRefused",
    "OuterRequest",
    "PendingRequest",
    "Reason",
    "State",
    "VauRefused",
    "VauSilent",
    "VauTrust",
    "verify_certificate",
]
