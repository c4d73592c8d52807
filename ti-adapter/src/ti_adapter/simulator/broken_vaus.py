"""Certificates by name that are not those of a VAU: each is right but for the one thing that its name says."""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1

from ti_adapter.pki import FD_TLS_S, POLICY_HCI_AUT
from ti_adapter.simulator.broken_certificates import Breaking, Holder
from ti_adapter.simulator.vau_identity import SERVICE, SHAPE
from ti_adapter.vau.trust import ROLE_EPA_VAU

_VAU = Holder(SERVICE, SHAPE)
_IDP = "1.2.276.0.76.4.260"

BROKEN_VAUS: Mapping[str, Breaking] = {
    **_VAU.broken(),
    "on P-384": _VAU.shaped(curve=SECP384R1()),
    "of a card": _VAU.shaped(policies=(POLICY_HCI_AUT,)),
    "of a TLS server": _VAU.shaped(policies=(FD_TLS_S.policy,)),
    "with two admissions": _VAU.shaped(admissions=2),
    "of another service": _VAU.carrying(profession_oids=(_IDP,)),
    "of two services": _VAU.carrying(profession_oids=(ROLE_EPA_VAU, _IDP)),
    "of a role that begins alike": _VAU.carrying(profession_oids=(f"{ROLE_EPA_VAU}0",)),
}
"""One for every way in which `verify_service` can refuse a VAU, but for bytes that nobody can read."""
