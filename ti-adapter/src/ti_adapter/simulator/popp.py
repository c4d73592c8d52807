"""A simulated PoPP service: tokens as it would issue them, and with any header and claims a test wants.

    popp = SimulatedPopp.generate(now)
    token = popp.token(popp.claims(kvnr, telematik_id, profession_oid, now))

It signs with a key on P-256, whose name stands in the header; the certificate does where it is asked for, as in an
older schema. `named` and `certified` are how a verifier gets its key.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from ti_adapter import compact, popp
from ti_adapter.pki import FD_SIG
from ti_adapter.popp import ROLE_POPP_TOKEN, FindKey
from ti_adapter.popp.token import ALGORITHM, TYPE
from ti_adapter.simulator.card import SimulatedCard
from ti_adapter.simulator.pki import SimulatedPki
from ti_adapter.simulator.shape import Shape, SimulatedInstitution

SERVICE = SimulatedInstitution("9-popp", "PoPP-Service", (ROLE_POPP_TOKEN,))
SHAPE = replace(Shape.of(FD_SIG), curve=SECP256R1())
KID = "popp-sig-1"
METHOD = "ehc-practitioner-trustedchannel"
INSURER = "109500969"


@dataclass(frozen=True, slots=True)
class SimulatedPopp:
    """One service. `pki` stands for the component PKI that has issued its certificate."""

    pki: SimulatedPki
    card: SimulatedCard = field(repr=False)
    issuer: str = "https://popp.example"

    @classmethod
    def generate(cls, now: datetime, shape: Shape = SHAPE) -> Self:
        """Make everything anew."""
        pki = SimulatedPki.generate(now, name="GEM.KOMP-CA900")
        return cls(pki, pki.card(SERVICE, shape))

    @property
    def named(self) -> FindKey:
        """Its key by name."""
        return popp.named({KID: self.card.key.public_key()})

    @property
    def certified(self) -> FindKey:
        """Its key by certificate."""
        return popp.certified(self.pki.trust)

    def claims(self, kvnr: str, telematik_id: str, profession_oid: str, now: datetime) -> dict[str, object]:
        """That they have met a second ago."""
        return {
            "version": "1.0.0",
            "iss": self.issuer,
            "iat": int(now.timestamp()),
            "proofMethod": METHOD,
            "patientProofTime": int((now - timedelta(seconds=1)).timestamp()),
            "patientId": kvnr,
            "insurerId": INSURER,
            "actorId": telematik_id,
            "actorProfessionOid": profession_oid,
        }

    def token(self, claims: Mapping[str, object], **header: object) -> str:
        """Sign the claims under the right header, changed by `header`; a value None leaves one out."""
        said = {"typ": TYPE, "alg": ALGORITHM, "kid": KID, **header}
        return sign(self.card.key, {name: value for name, value in said.items() if value is not None}, claims)

    @property
    def x5c(self) -> list[str]:
        """The header of an older schema."""
        return [base64.b64encode(self.card.certificate.public_bytes(Encoding.DER)).decode()]


def sign(key: EllipticCurvePrivateKey, header: Mapping[str, object], claims: Mapping[str, object]) -> str:
    """Whatever is said, rightly signed."""
    signed = f"{compact.segment(compact.as_json(header))}.{compact.segment(compact.as_json(claims))}"
    return f"{signed}.{compact.segment(compact.raw_signature(key.sign(signed.encode(), ECDSA(SHA256()))))}"
