"""Certificates of people by name that are not a physician's or an insured person's: each is right but for one thing."""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.x509.oid import ExtendedKeyUsageOID

from ti_adapter.pki import HCI_AUT
from ti_adapter.simulator.broken_certificates import Breaking, Holder
from ti_adapter.simulator.person import DOCTOR, EGK, HBA, insured_person
from ti_adapter.simulator.shape import INSURED, PHYSICIAN

_DOCTOR = Holder(DOCTOR, HBA)
_INSURED = Holder(insured_person("X110411319", "Erika", "Mustermann"), EGK)
_PHARMACIST = "1.2.276.0.76.4.32"

BROKEN_HBAS: Mapping[str, Breaking] = {
    **_DOCTOR.broken(),
    "on a NIST curve": _DOCTOR.shaped(curve=SECP256R1()),
    "without key agreement": _DOCTOR.shaped(key_usage=("digital_signature",)),
    "without mail protection": _DOCTOR.shaped(extended_key_usage=(ExtendedKeyUsageOID.CLIENT_AUTH,)),
    "without extended key usage": _DOCTOR.shaped(extended_key_usage=()),
    "of an institution's type": _DOCTOR.shaped(policies=(HCI_AUT.policy,)),
    "of a pharmacist": _DOCTOR.carrying(profession_oids=(_PHARMACIST,)),
    "of two professions": _DOCTOR.carrying(profession_oids=(PHYSICIAN, _PHARMACIST)),
}
"""One for every way in which `verify_service` can refuse an HBA, but for bytes that nobody can read."""

BROKEN_EGKS: Mapping[str, Breaking] = {
    **_INSURED.broken(),
    "on a NIST curve": _INSURED.shaped(curve=SECP256R1()),
    "of an institution's type": _INSURED.shaped(policies=(HCI_AUT.policy,)),
    "of a physician": _INSURED.carrying(profession_oids=(PHYSICIAN,)),
    "of two roles": _INSURED.carrying(profession_oids=(INSURED, PHYSICIAN)),
}
"""The same for an eGK."""
