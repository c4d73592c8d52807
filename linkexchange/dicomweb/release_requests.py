"""The desk of an origin over HTTP: requests for a release come in, and their requesters ask where they stand.

`POST /release-requests` takes a signed request, `GET /release-requests/{request}` answers for one's own. Both go by the
certificate of the caller alone. docs/reference/release-request.md describes them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from linkexchange.errors import IdentityRefused, MessageFault
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.released import Answered
from linkexchange.ports import Brake
from linkexchange.signing import PublicKeys, thumbprint
from linkexchange.threaded import Answer, Request
from linkexchange.tls import participant_uri

MEDIA_TYPE = "application/jose"


class TakesRequests(Protocol):
    """What this node decides and does at its desk."""

    def hand_in(self, signed: str, requester: TelematikId, keys: PublicKeys) -> None:
        """Take a request in. Raises `MessageFault` or `RequestsFull`."""
        ...

    def answer(self, request: UUID, requester: TelematikId) -> Answered:
        """Where one of this requester's own stands. Raises `UnknownRequest`."""
        ...


@dataclass(frozen=True, slots=True)
class RequestRoutes:
    """The two routes. `caller` says who asks, or refuses him."""

    desk: TakesRequests
    caller: Callable[[Request], TelematikId]

    def hand_in(self, request: Request, _: Brake) -> Answer:
        """202: it is kept, and a job judges it."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
            raise MessageFault("media type of a release request")
        signed = request.body.decode("ascii", errors="replace")
        self.desk.hand_in(signed, self.caller(request), _keys_of(request))
        return Answer(202)

    def answer(self, request: Request, _: Brake, number: UUID) -> Answer:
        """200 with where it stands."""
        told = self.desk.answer(number, self.caller(request))
        said = {
            "request": str(number),
            "standing": told.standing.value,
            "refusal": told.refusal,
            "link": told.link,
            "expires": told.expires and told.expires.isoformat(),
        }
        return Answer(200, {"content-type": "application/json"}, json.dumps(said).encode())


def participant_of(request: Request) -> TelematikId:
    """Whose certificate the caller has shown. Raises `IdentityRefused`."""
    try:
        return TelematikId.from_uri(participant_uri(request.certificate, TelematikId.urn))
    except ValueError as wrong:
        raise IdentityRefused("participant in certificate") from wrong


def _keys_of(request: Request) -> PublicKeys:
    """The key of the caller's certificate, under its thumbprint. Raises `IdentityRefused`."""
    key = x509.load_der_x509_certificate(request.certificate).public_key()
    try:
        if isinstance(key, EllipticCurvePublicKey):
            return PublicKeys.of(key, thumbprint(request.certificate))
    except ValueError as wrong:
        raise IdentityRefused("the key of the TLS certificate is not P-256") from wrong
    raise IdentityRefused("the key of the TLS certificate is not P-256")
