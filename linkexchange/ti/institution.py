"""Who believes that an institution is who it says it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from linkexchange.errors import IdentityRefused, Revoked
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.participant import Institution
from linkexchange.ti.faults import of_proof, of_setting
from linkexchange.ti.trust import Trust
from ti_adapter import attestation
from ti_adapter.errors import CertificateRevoked, ProofFailed, ServiceSilent
from ti_adapter.pki import TrustList, verify_institution


@dataclass(frozen=True, slots=True)
class AttestationVerifier:
    """Who believes attestations made for one audience."""

    trust: Trust
    audience: str

    def __call__(self, token: str, thumbprint: str, now: datetime) -> tuple[Institution, str]:
        """The institution that signed, and the nonce, whose being unused is left to the caller.

        1. What signed the token is proven (`attestation.prove`). 2. The certificate is that of an institution, in the
        trust list of the day (TUC_PKI_018). 3. Audience, binding and times (`attestation.accept`). 4. It has one role:
        of several none would say which one it acts in. 5. It is not revoked, asked just now (TUC_PKI_006).

        Raises `IdentityRefused` with the failed step, and `TiUnavailable` where nobody says.
        """
        try:
            signed = attestation.prove(token)
            listed = self.trust.listed()
            it = attestation.accept(signed, audience=self.audience, thumbprint=thumbprint, trust=listed, now=now)
            if len(it.profession_oids) != 1:
                raise IdentityRefused("several professionOIDs")
            self.trust.institution(signed.certificate)
        except (ProofFailed, ServiceSilent) as failed:
            raise of_proof(failed) from failed
        der = signed.certificate.public_bytes(Encoding.DER)
        return Institution(TelematikId(it.telematik_id), it.profession_oids[0], it.name, der), it.nonce

    def ask_again(self, certificate: bytes) -> None:
        """Steps 2 and 5 once more, without the card: its certificate (DER) is an institution's today, and not revoked.

        Raises `Revoked`, `IdentityRefused` where it cannot be proven any more, and `TiUnavailable` where nobody says.
        """
        try:
            self.trust.institution(x509.load_der_x509_certificate(certificate))
        except CertificateRevoked as revoked:
            raise Revoked("card") from revoked
        except ValueError as wrong:
            raise IdentityRefused("certificate of the card") from wrong
        except (ProofFailed, ServiceSilent) as failed:
            raise of_proof(failed) from failed


def believing(trust: bytes, clock: Callable[[], datetime]) -> Callable[[x509.Certificate], None]:
    """Who believes the cards whose issuers stand in a trust list in PEM, as `pki.verify_institution` does.

    What it gives raises `IdentityRefused` with the failed step. Raises `SettingRefused` where the list is none.
    """
    with of_setting("the trust list: CA certificates in PEM"):
        listed = TrustList.from_pem(trust)

    def believe(certificate: x509.Certificate) -> None:
        try:
            verify_institution(certificate, listed, clock())
        except ProofFailed as failed:
            raise IdentityRefused(str(failed)) from failed

    return believe
