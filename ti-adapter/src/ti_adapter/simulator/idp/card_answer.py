"""What a client answers to a challenge, as the simulated IDP reads it: opened, proven, and its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

from ti_adapter import compact
from ti_adapter.compact import as_json
from ti_adapter.errors import CertificateRefused
from ti_adapter.idp import challenge, jwe, jws
from ti_adapter.idp.errors import ChallengeRefused, EnvelopeRefused
from ti_adapter.idp.keys import certificate_of, key_of
from ti_adapter.idp.reason import Reason
from ti_adapter.idp.times import seconds_of
from ti_adapter.pki import ProvenCertificate, TrustList, verify_institution
from ti_adapter.simulator.idp.identity import SIGNING_KID
from ti_adapter.simulator.idp.refusal import Code, Refusal

SIGNED_MAX_BYTES = 24 * 1024
KIND = jws.Kind(ChallengeRefused, frozenset({"jwt"}), frozenset({"alg", "typ", "cty", "x5c"}), SIGNED_MAX_BYTES)


@dataclass(frozen=True, slots=True)
class Answered:
    """A challenge of our own, and the institution whose card has signed it."""

    challenge: Mapping[str, object] = field(repr=False)
    who: ProvenCertificate


def read(
    sealed: str,
    key: EllipticCurvePrivateKey,
    own: EllipticCurvePublicKey,
    trust: TrustList,
    now: datetime,
) -> Answered:
    """Believe an answer; raises `Refusal` with the real IDP's code.

    1. It is sealed to us, is said to hold an NJWT, has an end in its header, and has not passed it (2030, 2032). 2. It
    is signed as a card signs, and nests an NJWT (2030). 3. The card's certificate is an institution's (2020). 4. The
    signature is that card's (2013). 5. What was signed is a challenge of ours (2030). 6. It has not expired (2032).
    """
    try:
        signed = jws.read(jwe.unnest(_opened(sealed, key, now)), KIND)
        certificate = certificate_of(signed.header.get("x5c"), ChallengeRefused, 5)
    except (ChallengeRefused, EnvelopeRefused) as wrong:
        late = wrong.reason is Reason.EXPIRED
        raise Refusal(Code.CHALLENGE_EXPIRED if late else Code.CHALLENGE) from wrong
    who = _institution(certificate, trust, now)
    claims = _own(_nested(signed, who), own)
    if seconds_of(claims, "exp") <= now.timestamp():
        raise Refusal(Code.CHALLENGE_EXPIRED)
    return Answered(claims, who)


def _opened(sealed: str, key: EllipticCurvePrivateKey, now: datetime) -> bytes:
    content = jwe.decrypt(sealed, key, now)
    header = compact.json_object(compact.content_of(sealed.partition(".")[0]))
    if header.get("cty") != "NJWT" or "exp" not in header:
        raise Refusal(Code.CHALLENGE)
    return content


def _institution(certificate: x509.Certificate, trust: TrustList, now: datetime) -> ProvenCertificate:
    try:
        return verify_institution(certificate, trust, now)
    except CertificateRefused as wrong:
        raise Refusal(Code.CERTIFICATE) from wrong


def _nested(signed: jws.Received, who: ProvenCertificate) -> str:
    try:
        said = jws.prove(signed, None, key_of(who.certificate, ChallengeRefused, 5))
        nested = jwe.unnest(as_json(said))
    except ChallengeRefused as wrong:
        raise Refusal(Code.SIGNATURE) from wrong
    except EnvelopeRefused as wrong:
        raise Refusal(Code.CHALLENGE) from wrong
    if signed.header.get("cty") != "NJWT":
        raise Refusal(Code.CHALLENGE)
    return nested


def _own(token: str, own: EllipticCurvePublicKey) -> Mapping[str, object]:
    try:
        claims = jws.prove(jws.read(token, challenge.KIND), SIGNING_KID, own)
    except ChallengeRefused as wrong:
        raise Refusal(Code.CHALLENGE) from wrong
    if claims.get("token_type") != "challenge":
        raise Refusal(Code.CHALLENGE)
    return claims
