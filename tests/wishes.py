"""What a hub decides about: a hospital with a link, a practice that wants it, and the practice's request.

The document's digest, the destination and the times are such that the request is granted; tests change one thing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from linkexchange.model.access import Facts, Offer, RegisteredLink
from linkexchange.model.identifiers import LinkId, Sha256, StudyUid, TelematikId
from linkexchange.model.link import lock_of
from linkexchange.model.participant import Institution, Participant
from linkexchange.model.request import Request
from linkexchange.model.transfer import Authority, Purpose

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
"""Where `conftest.Clock` begins."""

HOSPITAL, PRACTICE, STRANGER = TelematikId("5-2-hospital"), TelematikId("1-2-practice"), TelematikId("1-2-stranger")
HOSPITAL_ROLE, PRACTICE_ROLE = "1.2.276.0.76.4.53", "1.2.276.0.76.4.50"
PHARMACY_ROLE = "1.2.276.0.76.4.54"
HUB = "https://hub.example"
LINK = LinkId("6f0c1c52-0f1e-4c55-9d0c-5a3c1e0f7a11")
NEWER_LINK = LinkId("0d1c1f8a-7a67-4d0a-8f4e-1f6a4f9b2c22")
TRANSFER = UUID("9b2f4a0e-5f0a-4a77-9a3f-0c8a5d6e7f80")
DOCUMENT_DIGEST, MANIFEST_DIGEST = Sha256("d" * 64), Sha256("e" * 64)
STUDY = StudyUid("2.25.4711")

INSTITUTION = Institution(PRACTICE, PRACTICE_ROLE, "Praxis am Markt")
PARTICIPANT = Participant(PRACTICE, "Praxis am Markt", "https://practice.example", ("PACS",))
REGISTERED = RegisteredLink(LINK, HOSPITAL, STUDY, MANIFEST_DIGEST, lock_of(DOCUMENT_DIGEST), NOW + timedelta(days=1))
OFFER = Offer(str(LINK), HOSPITAL, PRACTICE, LINK, NOW - timedelta(minutes=5))

BY_RECORD = Request(
    transfer=TRANSFER,
    requester=PRACTICE,
    origin=HOSPITAL,
    link=LINK,
    authority=Authority.RECORD,
    destination="PACS",
    purpose=Purpose.TREATMENT,
    user="Dr. Weiß",
    asked=NOW,
    document_digest=DOCUMENT_DIGEST,
    read_at=NOW - timedelta(seconds=5),
)
BY_RELEASE = Request(
    transfer=TRANSFER,
    requester=PRACTICE,
    origin=HOSPITAL,
    link=LINK,
    authority=Authority.RELEASE,
    destination="PACS",
    purpose=Purpose.TREATMENT,
    user=f"offer of {HOSPITAL}",
    asked=NOW,
    offer=OFFER.offer,
)
FACTS = Facts(INSTITUTION, PARTICIPANT, REGISTERED, OFFER, NOW)
