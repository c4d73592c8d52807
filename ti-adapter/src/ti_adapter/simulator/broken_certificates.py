"""Certificates that are broken whatever their type: each is right but for the one thing that its name says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding

from ti_adapter.simulator.person import SimulatedPerson
from ti_adapter.simulator.pki import SimulatedPki
from ti_adapter.simulator.shape import Shape, SimulatedInstitution

Breaking = Callable[[SimulatedPki], x509.Certificate]

_UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose certificates these are, and how a right one looks."""

    who: SimulatedInstitution | SimulatedPerson
    right: Shape

    def shaped(self, **wrong: object) -> Breaking:
        """One of another shape."""
        return lambda pki: pki.card(self.who, replace(self.right, **wrong)).certificate  # type: ignore[arg-type]

    def carrying(self, **changes: object) -> Breaking:
        """One that says something else of its holder."""
        return lambda pki: pki.card(replace(self.who, **changes), self.right).certificate  # type: ignore[arg-type]

    def broken(self) -> Mapping[str, Breaking]:
        """One for every fault that all types have in common."""
        return {
            "not yet valid": self.shaped(starts=timedelta(seconds=1)),
            "expired": self.shaped(ends=timedelta(seconds=-1)),
            "self-signed": lambda pki: pki.self_signed_card(self.who).certificate,
            "of a foreign CA": lambda pki: self._issued(SimulatedPki.generate(pki.now, name="GEM.OTHER-CA900")),
            "of a look-alike CA": lambda pki: self._issued(pki.look_alike()),
            "of a look-alike CA that names the true key": self._of_a_look_alike_that_names_the_true_key,
            "with a broken signature": self._with_a_flipped_signature,
            "signed with another digest": self.shaped(digest=SHA384()),
            "that is a CA": self.shaped(is_ca=True),
            "for document signatures": self.shaped(key_usage=("content_commitment",)),
            "without policy": self.shaped(policies=()),
            "with an unknown critical extension": self.shaped(more=((_UNKNOWN, True),)),
            "without admission": self.shaped(admissions=0),
            "without role": self.carrying(profession_oids=()),
        }

    def _issued(self, pki: SimulatedPki) -> x509.Certificate:
        return pki.card(self.who, self.right).certificate

    def _of_a_look_alike_that_names_the_true_key(self, pki: SimulatedPki) -> x509.Certificate:
        return self.shaped(authority_key=pki.authority_key)(pki.look_alike())

    def _with_a_flipped_signature(self, pki: SimulatedPki) -> x509.Certificate:
        der = bytearray(self._issued(pki).public_bytes(Encoding.DER))
        der[-1] ^= 1
        return x509.load_der_x509_certificate(bytes(der))
