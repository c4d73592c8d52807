"""Who a simulated VAU is: certificate under a component CA, signed keys, OCSP answer; and wrong ones for tests."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from ti_adapter import compact
from ti_adapter.pki import FD_AUT, Question
from ti_adapter.simulator.card import SimulatedCard
from ti_adapter.simulator.ocsp_answer import RIGHT, AnswerShape, build_answer
from ti_adapter.simulator.ocsp_signer import OcspSigner
from ti_adapter.simulator.pki import SimulatedPki
from ti_adapter.simulator.shape import Shape, SimulatedInstitution
from ti_adapter.vau.kem import KemKeys
from ti_adapter.vau.messages import CertData, SignedKeys, VauKeys
from ti_adapter.vau.trust import ROLE_EPA_VAU, VauTrust

SERVICE = SimulatedInstitution("9-epa-vau", "ePA VAU", (ROLE_EPA_VAU,))
SHAPE = replace(Shape.of(FD_AUT), curve=SECP256R1())


@dataclass(frozen=True, slots=True)
class KeyShape:
    """How the signed keys look: times count from `now`, and whose key signs where it is not the certificate's."""

    issued: timedelta = timedelta(0)
    expires: timedelta = timedelta(days=30)
    signer: SimulatedCard | None = None


_KEYS = KeyShape()


@dataclass(frozen=True, slots=True)
class VauIdentity:
    """What a VAU shows, and the keys behind it. `pki` stands for the component PKI, `responder` answers for it."""

    pki: SimulatedPki
    responder: OcspSigner
    card: SimulatedCard = field(repr=False)
    keys: KemKeys = field(repr=False)
    signed: SignedKeys

    @classmethod
    def issue(cls, now: datetime, pki: SimulatedPki | None = None, shape: Shape = SHAPE) -> Self:
        """Make everything anew. An existing component PKI can issue it."""
        pki = pki or SimulatedPki.generate(now, name="GEM.KOMP-CA900")
        identity = cls(pki, OcspSigner.generate(now), pki.card(SERVICE, shape), KemKeys.generate(), _NOTHING)
        return identity.signing(now)

    def signing(self, now: datetime, keys: KeyShape = _KEYS, ocsp: AnswerShape = RIGHT) -> Self:
        """The same VAU with keys that are signed now, and a fresh OCSP answer."""
        issued, expires = (int((now + offset).timestamp()) for offset in (keys.issued, keys.expires))
        signed = VauKeys(self.keys.public, issued, expires, "simulated VAU").encode()
        certificate = self.card.certificate
        answer = build_answer(self.question.request(), certificate, self.responder, now, ocsp)
        cert_hash = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
        signature = _sign(keys.signer or self.card, signed)
        return replace(self, signed=SignedKeys(signed, signature, cert_hash, 1, answer))

    @property
    def cert_data(self) -> CertData:
        """What lies under the path that the signed keys name."""
        ders = (one.public_bytes(Encoding.DER) for one in (self.card.certificate, self.pki.authority, self.pki.root))
        certificate, authority, root = ders
        return CertData(certificate, authority, (root,))

    @property
    def question(self) -> Question:
        """What the responder is asked about it."""
        return Question(self.card.certificate, self.pki.authority)

    @property
    def trust(self) -> VauTrust:
        """What a client needs in order to believe this VAU."""
        return VauTrust(self.responder.named_in(self.pki.trust))


_NOTHING = SignedKeys(b"", b"", b"", 1, b"")


def _sign(card: SimulatedCard, signed: bytes) -> bytes:
    return compact.raw_signature(card.key.sign(signed, ECDSA(SHA256())))
