"""What the simulated Konnektor thinks of a certificate, with gematik's codes (TUC_PKI_018)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cryptography import x509

from ti_adapter.errors import CertificateRefused
from ti_adapter.konnektor.certificates import VerificationResult
from ti_adapter.konnektor.reading import moment as read_moment
from ti_adapter.pki import verify_institution
from ti_adapter.simulator.konnektor.faults import Fault, Refusal
from ti_adapter.simulator.konnektor.state import SimulatedKonnektor

REVOKED: Final = 1047
OCSP_UNAVAILABLE: Final = 1032
_CODES: Final = {2: 1021, 3: 1027, 4: 1036, 5: 1024, 7: 1016, 8: 1017, 9: 1018}
"""By the step of `pki.verify_institution` that has failed; any other has no code of its own."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Result, roles and the codes that come with it."""

    result: VerificationResult
    roles: tuple[str, ...]
    codes: tuple[int, ...] = ()


def judge(konnektor: SimulatedKonnektor, der: bytes, moment: str | None) -> Verdict:
    """Raises `Refusal` for what is no certificate or no moment."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        now = konnektor.clock() if moment is None else read_moment(moment)
    except ValueError:
        raise Refusal(4000) from None
    try:
        roles = verify_institution(certificate, konnektor.trust, now).admission.profession_oids
    except CertificateRefused as refused:
        return Verdict(VerificationResult.INVALID, (), tuple(filter(None, [_CODES.get(refused.step)])))
    if Fault.CERTIFICATE_REVOKED in konnektor.faults or konnektor.is_revoked(certificate):
        return Verdict(VerificationResult.INVALID, roles, (REVOKED,))
    if Fault.OCSP_UNAVAILABLE in konnektor.faults:
        return Verdict(VerificationResult.INCONCLUSIVE, roles, (OCSP_UNAVAILABLE,))
    return Verdict(VerificationResult.VALID, roles)
