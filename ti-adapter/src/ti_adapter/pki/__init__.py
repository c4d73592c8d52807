"""Who an institution is: the certificate of its card (C.HCI.AUT on an SMC-B), proven against a trust list.

A certificate as received is an `x509.Certificate` and says nothing. Two steps make something of it, each in numbered
steps after gemSpec_PKI, each with the time as an argument, and neither fetches anything:

1. `verify_institution` (TUC_PKI_018) makes it a `ProvenCertificate`, or raises `CertificateRefused`. `verify_service`
   does the same for the services of the TI, by the `profile` of their certificate type and by their role.
2. `verify_not_revoked` (TUC_PKI_006) takes an OCSP answer to the `Question` about it and makes a `NotRevoked`, or
   raises `OcspRefused`. `OcspClient` asks, verifies and remembers.

The second step is the caller's: only the caller knows how old an answer may be for what it is about to do.

The trust list comes from a file (`TrustList.from_pem`), or from gematik's signed list: `read_tsl` (TUC_PKI_001) makes
its bytes a `StatusList` or raises `TslRefused`, and `StatusList.trust` says whom to trust by it now. `TslClient`
fetches and keeps it.
"""

from __future__ import annotations

from ti_adapter.pki.extensions import Admission
from ti_adapter.pki.ocsp import TOLERANCE, NotRevoked, verify_not_revoked
from ti_adapter.pki.ocsp_cache import OcspCache, still_serves
from ti_adapter.pki.ocsp_client import OcspClient
from ti_adapter.pki.ocsp_question import Question
from ti_adapter.pki.ocsp_reason import OcspReason
from ti_adapter.pki.profile import CH_AUT, FD_AUT, FD_SIG, FD_TLS_S, HCI_AUT, HP_AUT, ZD_TLS_S, CertificateProfile
from ti_adapter.pki.reason import Reason
from ti_adapter.pki.trust_list import TrustList
from ti_adapter.pki.tsl import read_tsl
from ti_adapter.pki.tsl_client import TslClient
from ti_adapter.pki.tsl_list import StatusList, TslService
from ti_adapter.pki.tsl_reason import TslReason
from ti_adapter.pki.verification import (
    POLICY_HCI_AUT,
    ProvenCertificate,
    ProvenService,
    is_on_card_curve,
    verify_institution,
    verify_service,
)

__all__ = [
    "CH_AUT",
    "FD_AUT",
    "FD_SIG",
    "FD_TLS_S",
    "HCI_AUT",
    "HP_AUT",
    "POLICY_HCI_AUT",
    "TOLERANCE",
    "ZD_TLS_S",
    "Admission",
    "CertificateProfile",
    "NotRevoked",
    "OcspCache",
    "OcspClient",
    "OcspReason",
    "ProvenCertificate",
    "ProvenService",
    "Question",
    "Reason",
    "StatusList",
    "TrustList",
    "TslClient",
    "TslReason",
    "TslService",
    "is_on_card_curve",
    "read_tsl",
    "still_serves",
    "verify_institution",
    "verify_not_revoked",
    "verify_service",
]
