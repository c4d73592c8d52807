"""Keys and certificates of the simulated IDP: one that signs the discovery document, one for tokens, one to seal to."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    BrainpoolP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import Encoding

from ti_adapter import compact
from ti_adapter.idp.keys import ROLE_IDPD
from ti_adapter.pki import FD_SIG
from ti_adapter.simulator.card import SimulatedCard
from ti_adapter.simulator.pki import SimulatedPki
from ti_adapter.simulator.shape import Shape, SimulatedInstitution

SIGNING_KID, ENCRYPTION_KID, DISCOVERY_KID = "puk_idp_sig", "puk_idp_enc", "puk_disc_sig"
_SHAPE = Shape.of(FD_SIG)


@dataclass(frozen=True, slots=True)
class IdpIdentity:
    """What the IDP is known by; `strangers` is a key that nobody vouches for, to forge with."""

    discovery: SimulatedCard
    signing: SimulatedCard
    encryption: EllipticCurvePrivateKey = field(repr=False)
    strangers: EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def generate(cls, pki: SimulatedPki) -> Self:
        """Make all keys anew, with certificates of role oid_idpd from a CA."""
        idp = SimulatedInstitution("", "IDP-Dienst", (ROLE_IDPD,))
        sealing, strangers = generate_private_key(BrainpoolP256R1()), generate_private_key(BrainpoolP256R1())
        return cls(pki.card(idp, _SHAPE), pki.card(idp, _SHAPE), sealing, strangers)

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        """What a client has to believe."""
        return self.discovery.certificate, self.signing.certificate

    def signing_jwk(self) -> dict[str, object]:
        """PUK_IDP_SIG, with its certificate."""
        return {
            **jwk(self.signing.key.public_key(), SIGNING_KID, "sig"),
            "x5c": [shown(self.signing.certificate)],
        }

    def encryption_jwk(self) -> dict[str, object]:
        """PUK_IDP_ENC, without one, as the reference server has it."""
        return jwk(self.encryption.public_key(), ENCRYPTION_KID, "enc")


def jwk(key: EllipticCurvePublicKey, kid: str, use: str) -> dict[str, object]:
    """A public key on BP-256 as JWK."""
    numbers = key.public_numbers()
    x, y = (compact.segment(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
    return {"kid": kid, "use": use, "kty": "EC", "crv": "BP-256", "x": x, "y": y}


def shown(certificate: x509.Certificate) -> str:
    """A certificate as an `x5c` holds it."""
    return base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
