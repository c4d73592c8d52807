"""From a PoPP token as received to a proven one, and to one that may be used here and now."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurve, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from ti_adapter import compact
from ti_adapter.errors import CertificateRefused
from ti_adapter.pki import FD_SIG, CertificateProfile, TrustList, verify_service
from ti_adapter.popp.reason import PoppRefused, Reason
from ti_adapter.popp.token import PoppClaims, ReceivedPopp

ROLE_POPP_TOKEN: Final = "1.2.276.0.76.4.320"  # noqa: S105 - a role
"""oid_popp-token (gemSpec_OID): the role of who signs PoPP tokens."""

FindKey = Callable[[Mapping[str, object], datetime], EllipticCurvePublicKey]
"""The key that is meant by a header. Raises `PoppRefused` at step 7, or `CertificateRefused`."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What gematik's published texts leave open: on which curves ES256 may be, and how old token and proof may be.

    The ages are those of the request that an institution's card signs for an entitlement; so is the tolerance.
    """

    curves: tuple[type[EllipticCurve], ...] = (SECP256R1,)
    issued_max_age: timedelta = timedelta(minutes=20)
    proven_max_age: timedelta = timedelta(minutes=20)
    tolerance: timedelta = timedelta(seconds=15)


USUAL: Final = Rules()


@dataclass(frozen=True, slots=True)
class ProvenPopp:
    """What the PoPP service has signed; for whom and when it may be used has **not** been looked at."""

    token: str = field(repr=False)
    claims: PoppClaims


@dataclass(frozen=True, slots=True)
class Expected:
    """Who has issued the token, and for whom: an institution with its roles, and the patient whose record is meant."""

    issuer: str
    telematik_id: str
    profession_oids: Collection[str]
    patient_id: str = field(repr=False)


def certified(trust: TrustList, *, profile: CertificateProfile = FD_SIG, role: str = ROLE_POPP_TOKEN) -> FindKey:
    """The key of the certificate in `x5c`, by a CA of the trust list; its type is not certain. Revocation is left."""

    def find(header: Mapping[str, object], now: datetime) -> EllipticCurvePublicKey:
        chain = header.get("x5c")
        if not isinstance(chain, list) or not chain or not isinstance(chain[0], str):
            raise PoppRefused(7, Reason.CERTIFICATE)
        try:
            certificate = x509.load_der_x509_certificate(base64.b64decode(chain[0], validate=True))
            return verify_service(certificate, trust, now, profile=profile, role=role).key
        except (ValueError, x509.InvalidVersion, CertificateRefused) as wrong:
            raise PoppRefused(7, Reason.CERTIFICATE) from wrong

    return find


def named(keys: Mapping[str, EllipticCurvePublicKey]) -> FindKey:
    """The key of a name, from the signed JWKS of the PoPP service, which the caller has proven."""

    def find(header: Mapping[str, object], _: datetime) -> EllipticCurvePublicKey:
        key = keys.get(str(header["kid"]))
        if key is None:
            raise PoppRefused(7, Reason.KEY)
        return key

    return find


def prove(received: ReceivedPopp, find_key: FindKey, now: datetime, rules: Rules = USUAL) -> ProvenPopp:
    """Steps 7 and 8; raises `PoppRefused`.

    7. The key is found, and lies on one of the curves. 8. The signature is that key's, as two numbers of 32 bytes.
    """
    key = find_key(received.header, now)
    if not isinstance(key.curve, rules.curves):
        raise PoppRefused(7, Reason.CURVE)
    signed, _, signature = received.token.rpartition(".")
    try:
        key.verify(compact.der_signature(compact.content_of(signature)), signed.encode(), ECDSA(SHA256()))
    except (ValueError, InvalidSignature) as wrong:
        raise PoppRefused(8, Reason.SIGNATURE) from wrong
    return ProvenPopp(received.token, received.claims)


def accept(proven: ProvenPopp, expected: Expected, now: datetime, rules: Rules = USUAL) -> PoppClaims:
    """Steps 9 to 12; raises `PoppRefused`. That a token is used once is left to the caller.

    9. The issuer. 10. The institution, and the role that it has. 11. The patient. 12. It was issued not in the future
    and not too long ago, and the presence was proven before that and not too long ago.
    """
    claims = proven.claims
    if claims.issuer != expected.issuer:
        raise PoppRefused(9, Reason.ISSUER)
    if claims.actor_id != expected.telematik_id:
        raise PoppRefused(10, Reason.ACTOR)
    if claims.profession_oid not in expected.profession_oids:
        raise PoppRefused(10, Reason.PROFESSION)
    if claims.patient_id != expected.patient_id:
        raise PoppRefused(11, Reason.PATIENT)
    _check_times(claims, now.timestamp(), rules)
    return claims


def _check_times(claims: PoppClaims, now: float, rules: Rules) -> None:
    """As numbers: a claimed time may lie beyond what a `datetime` can hold."""
    tolerance = rules.tolerance.total_seconds()
    if claims.issued > now + tolerance:
        raise PoppRefused(12, Reason.NOT_YET)
    if claims.issued < now - rules.issued_max_age.total_seconds() - tolerance:
        raise PoppRefused(12, Reason.ISSUED_TOO_LONG_AGO)
    if claims.proven > claims.issued + tolerance:
        raise PoppRefused(12, Reason.PROOF_TIME)
    if claims.proven < now - rules.proven_max_age.total_seconds() - tolerance:
        raise PoppRefused(12, Reason.PROVEN_TOO_LONG_AGO)
