"""Who an institution is: the certificate of its card (C.HCI.AUT on an SMC-B), proven against a trust list.

A certificate as received is an `x509.Certificate` and says nothing. `verify_institution` turns it into a
`ProvenCertificate`, in numbered steps after gemSpec_PKI, TUC_PKI_018, or raises `CertificateRefused`. It takes the time
as an argument and fetches nothing.

Revocation is not checked yet: the OCSP step of TUC_PKI_018 (TUC_PKI_006, with certHash) and the reading of the signed
trust list (TUC_PKI_001) come with a later part. Until then a revoked card is believed until its certificate expires.
"""

from __future__ import annotations

from ti_adapter.pki.extensions import Admission
from ti_adapter.pki.reason import Reason
from ti_adapter.pki.trust_list import TrustList
from ti_adapter.pki.verification import POLICY_HCI_AUT, ProvenCertificate, is_on_card_curve, verify_institution

__all__ = [
    "POLICY_HCI_AUT",
    "Admission",
    "ProvenCertificate",
    "Reason",
    "TrustList",
    "is_on_card_curve",
    "verify_institution",
]
