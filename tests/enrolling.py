"""The hub's enrolment over a real database, and an applicant whose card is believed at its word.

desk = EnrolmentBench(database, clock)
secret = desk.apply()
desk.approve()
desk.verdict(secret).certificate

The attestation is the nonce and what it is bound to, with a space between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from conftest import Clock
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from hub_bench import signer
from wishes import HOSPITAL_ROLE, PRACTICE, PRACTICE_ROLE

from linkexchange import admit
from linkexchange.admit import Admission, Application
from linkexchange.certificates import Authority, new_key, read_request, request
from linkexchange.errors import Fault, IdentityRefused
from linkexchange.model.enrolment import Enrolment, Standing
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.listing import NOT_ASKED, Comparison, Listing
from linkexchange.model.participant import HUB, Capability, Institution, Participant
from linkexchange.ports import Verdict
from linkexchange.resolve import Caller
from linkexchange.signing import PublicKeys, Signer, certificate_der, thumbprint
from linkexchange.store.work import Database

APPLICANT = Participant(
    PRACTICE,
    "Praxis am Markt",
    "https://practice.example:8443",
    ("PACS",),
    ("LINKEXCHANGE",),
    tuple(Capability),
    "Tel. 030 1",
    ("07:00-18:00",),
)
CARD = Institution(PRACTICE, PRACTICE_ROLE, "Praxis am Markt")
HOSPITAL_CARD = Institution(PRACTICE, HOSPITAL_ROLE, "Klinikum")


@dataclass
class EnrolmentBench:
    """`card` is what the next attestation proves, or the fault with which it is refused.

    `listing` is what the FHIR-VZD says of whomever it is asked about.
    """

    database: Database
    clock: Clock
    card: Institution | Fault = CARD
    listing: Listing = NOT_ASKED
    hub: Signer = field(default_factory=lambda: signer("grant-1"))
    admission: Admission = field(init=False)

    def __post_init__(self) -> None:
        authority = Authority.founded("test CA", self.clock(), admit.LIFETIME * 20)
        self.admission = Admission(
            self.database, self._believe, self.hub.public, self.clock, authority, listings=self._list
        )

    def application(
        self, key: EllipticCurvePrivateKey | None = None, host: str = "practice.example", **changes: Any
    ) -> Application:
        """A right one, but for what is changed; with a nonce of its own."""
        said = replace(APPLICANT, **changes)
        asked = request(key or new_key(), host)
        nonce = admit.issue_nonce(self.admission)
        return Application(said, asked, f"{nonce} {read_request(asked).binding}")

    def apply(self, key: EllipticCurvePrivateKey | None = None, **changes: Any) -> str:
        return admit.apply(self.admission, self.application(key, **changes))

    def enrolments(self) -> list[Enrolment]:
        """Newest first."""
        with self.database.work(HUB) as work:
            return list(work.enrolments.everyones())

    def approve(self, number: UUID | None = None, although: Comparison | None = None) -> Enrolment:
        waiting = [it for it in self.enrolments() if number in {None, it.number}]
        chosen = next((it for it in waiting if it.standing is Standing.APPLIED), waiting[0])
        return admit.approve(self.admission, chosen.participant.telematik_id, chosen.number, although=although)

    def verdict(self, secret: str) -> Verdict:
        return admit.verdict(self.admission, secret)

    def enrolled(self, key: EllipticCurvePrivateKey | None = None) -> Caller:
        """The practice as a caller with the certificate that it has got."""
        secret = self.apply(key)
        self.approve()
        return caller_with(self.verdict(secret).certificate)

    def trail(self, participant: TelematikId = PRACTICE) -> list[tuple[str, dict[str, Any]]]:
        with self.database.audit_trail(participant) as entries:
            return [(entry.action.value, dict(entry.fields)) for entry in entries]

    def _list(self, whom: Sequence[TelematikId]) -> Mapping[TelematikId, Listing]:
        return dict.fromkeys(whom, self.listing)

    def _believe(self, attestation: str, binding: str, now: datetime) -> tuple[Institution, str]:
        if isinstance(self.card, Fault):
            raise self.card
        nonce, _, bound = attestation.partition(" ")
        if bound != binding:
            raise IdentityRefused("attestation, step 9: binding")
        return self.card, nonce


def caller_with(certificate_pem: str, telematik_id: TelematikId = PRACTICE) -> Caller:
    """Whoever comes with this certificate."""
    certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
    name = thumbprint(certificate_der(certificate))
    return Caller(telematik_id, name, PublicKeys.of(certificate.public_key(), name))  # type: ignore[arg-type]
