"""What a proven trust-service status list says, and whom one may trust by it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from ti_adapter.errors import TslRefused
from ti_adapter.pki.ocsp_question import Question
from ti_adapter.pki.trust_list import TrustList, is_authority
from ti_adapter.pki.tsl_reason import TslReason
from ti_adapter.pki.verification import POLICY_HCI_AUT

CA = "http://uri.etsi.org/TrstSvc/Svctype/CA/PKC"
OCSP = "http://uri.etsi.org/TrstSvc/Svctype/Certstatus/OCSP"
ANCHOR_CHANGE = "http://uri.etsi.org/TrstSvc/Svctype/TSLServiceCertChange"
IN_ACCORD = "http://uri.etsi.org/TrstSvc/Svcstatus/inaccord"

NO_GRACE = timedelta(0)


@dataclass(frozen=True, slots=True)
class TslService:
    """One service: its kind and status as the URIs of ETSI TS 102 231, since when, and its certificate.

    `types` are the certificate types (policy OIDs) that a CA may issue; `supply_points` where its OCSP responders are.
    """

    kind: str
    status: str
    since: datetime
    certificate: x509.Certificate
    supply_points: tuple[str, ...]
    types: frozenset[str]

    def serves(self, kind: str, now: datetime) -> bool:
        """Whether it is of this kind, and in accord by now. A revoked service serves nothing."""
        return self.kind == kind and self.status == IN_ACCORD and self.since <= now


@dataclass(frozen=True, slots=True)
class StatusList:
    """A TSL whose signature `read_tsl` has proven.

    `unreadable` counts services that are skipped because nobody can read their certificate: what they would vouch for
    is not believed.
    """

    identifier: str
    sequence: int
    issued: datetime
    next_update: datetime
    signer: x509.Certificate
    anchor: x509.Certificate
    services: tuple[TslService, ...]
    unreadable: int
    digest: bytes

    def trust(
        self, now: datetime, *, policy: x509.ObjectIdentifier = POLICY_HCI_AUT, grace: timedelta = NO_GRACE
    ) -> TrustList:
        """Whom to trust now for certificates of a type: the CAs that may issue it, and every OCSP signer.

        Raises `TslRefused`, step 9, once the list has ended and the grace period after it too (SW_1009), and step 10
        where no CA of this type is in accord. A revoked CA is not trusted at all; gematik would still believe what it
        issued before (SE_1036). How long the grace may be is open (30 days are told of), so it is a parameter.
        """
        if now - grace > self.next_update:
            raise TslRefused(9, TslReason.EXPIRED)
        issuing = [one for one in self.services if one.serves(CA, now) and policy.dotted_string in one.types]
        authorities = tuple(one.certificate for one in issuing if is_authority(one.certificate))
        if not authorities:
            raise TslRefused(10, TslReason.NO_AUTHORITY)
        return TrustList(authorities, self._responders(now))

    def ocsp_url(self, issuer: x509.Certificate) -> str | None:
        """Where the list says that the certificates of a CA can be asked about."""
        for service in self.services:
            if service.kind == CA and service.certificate == issuer and service.supply_points:
                return service.supply_points[0]
        return None

    def about_signer(self) -> Question:
        """The question whether the signer is revoked; `signer_trust` of the list known before says who may answer."""
        return Question(self.signer, self.anchor)

    def signer_trust(self, now: datetime) -> TrustList:
        """Whom to believe about the signer of the next list: the OCSP signers of this one, even once it has ended."""
        return TrustList((self.anchor,), self._responders(now))

    def announced_anchor(self, now: datetime) -> x509.Certificate | None:
        """The trust anchor that the list announces and that holds by now (TUC_PKI_013).

        None where there is none, where there are several (SE_1003), where it has not begun, or is not valid now.
        """
        announced = [one for one in self.services if one.kind == ANCHOR_CHANGE]
        if len(announced) != 1 or announced[0].since > now:
            return None
        anchor = announced[0].certificate
        is_valid = anchor.not_valid_before_utc <= now <= anchor.not_valid_after_utc
        return anchor if is_valid and is_authority(anchor) else None

    def _responders(self, now: datetime) -> tuple[x509.Certificate, ...]:
        return tuple(one.certificate for one in self.services if one.serves(OCSP, now))
