"""Certificates by name that are no institution's: each is right but for the one thing that its name says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from ti_adapter.simulator.pki import SimulatedPki
from ti_adapter.simulator.shape import Shape, SimulatedInstitution

_CLINIC = SimulatedInstitution("5-2.9001", "Klinik Nord")
_EGK_AUT = x509.ObjectIdentifier("1.2.276.0.76.4.70")
_UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")

Breaking = Callable[[SimulatedPki], x509.Certificate]


def _shaped(**wrong: object) -> Breaking:
    return lambda pki: pki.card(_CLINIC, Shape(**wrong)).certificate  # type: ignore[arg-type]


def _carrying(**changes: object) -> Breaking:
    identity = {"telematik_id": _CLINIC.telematik_id, "name": _CLINIC.name, **changes}
    return lambda pki: pki.card(SimulatedInstitution(**identity)).certificate  # type: ignore[arg-type]


def _of_a_foreign_ca(pki: SimulatedPki) -> x509.Certificate:
    return SimulatedPki.generate(pki.now, name="GEM.SMCB-CA901").card(_CLINIC).certificate


def _of_a_look_alike(pki: SimulatedPki) -> x509.Certificate:
    return SimulatedPki.generate(pki.now).card(_CLINIC).certificate


def _of_a_look_alike_that_names_the_true_key(pki: SimulatedPki) -> x509.Certificate:
    shape = Shape(authority_key=pki.authority_key)
    return SimulatedPki.generate(pki.now).card(_CLINIC, shape).certificate


def _with_a_flipped_signature(pki: SimulatedPki) -> x509.Certificate:
    der = bytearray(pki.card(_CLINIC).certificate.public_bytes(Encoding.DER))
    der[-1] ^= 1
    return x509.load_der_x509_certificate(bytes(der))


BROKEN_CARDS: Mapping[str, Breaking] = {
    "not yet valid": _shaped(starts=timedelta(seconds=1)),
    "expired": _shaped(ends=timedelta(seconds=-1)),
    "self-signed": lambda pki: pki.self_signed_card(_CLINIC).certificate,
    "of a foreign CA": _of_a_foreign_ca,
    "of a look-alike CA": _of_a_look_alike,
    "of a look-alike CA that names the true key": _of_a_look_alike_that_names_the_true_key,
    "with a broken signature": _with_a_flipped_signature,
    "signed with another digest": _shaped(digest=SHA384()),
    "on a NIST curve": _shaped(curve=SECP256R1()),
    "that is a CA": _shaped(is_ca=True),
    "for document signatures": _shaped(key_usage=("content_commitment",)),
    "of a TLS server": _shaped(extended_key_usage=(ExtendedKeyUsageOID.SERVER_AUTH,)),
    "without extended key usage": _shaped(extended_key_usage=()),
    "without policy": _shaped(policies=()),
    "of a patient's card": _shaped(policies=(_EGK_AUT,)),
    "with an unknown critical extension": _shaped(more=((_UNKNOWN, True),)),
    "without admission": _shaped(admissions=0),
    "with two admissions": _shaped(admissions=2),
    "without Telematik-ID": _carrying(telematik_id=""),
    "with something else as Telematik-ID": _carrying(telematik_id="Klinik Nord"),
    "without role": _carrying(profession_oids=()),
}
"""One card for every way in which `verify_institution` can refuse, but for bytes that nobody can read."""
