"""Certificates by name that are no institution's: each is right but for the one thing that its name says."""

from __future__ import annotations

from collections.abc import Mapping

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.x509.oid import ExtendedKeyUsageOID

from ti_adapter.simulator.broken_certificates import Breaking, Holder
from ti_adapter.simulator.shape import Shape, SimulatedInstitution

_CLINIC = Holder(SimulatedInstitution("5-2.9001", "Klinik Nord"), Shape())
_EGK_AUT = x509.ObjectIdentifier("1.2.276.0.76.4.70")

BROKEN_CARDS: Mapping[str, Breaking] = {
    **_CLINIC.broken(),
    "on a NIST curve": _CLINIC.shaped(curve=SECP256R1()),
    "of a TLS server": _CLINIC.shaped(extended_key_usage=(ExtendedKeyUsageOID.SERVER_AUTH,)),
    "without extended key usage": _CLINIC.shaped(extended_key_usage=()),
    "of a patient's card": _CLINIC.shaped(policies=(_EGK_AUT,)),
    "with two admissions": _CLINIC.shaped(admissions=2),
    "without Telematik-ID": _CLINIC.carrying(telematik_id=""),
    "with something else as Telematik-ID": _CLINIC.carrying(telematik_id="Klinik Nord"),
}
"""One card for every way in which `verify_institution` can refuse, but for bytes that nobody can read."""
