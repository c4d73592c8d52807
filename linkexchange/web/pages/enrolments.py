"""The operator's page at the hub: who wants to take part, who does, and the forms that let in and put out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from linkexchange import admit
from linkexchange.admit import Admission
from linkexchange.model.enrolment import Enrolment, IssuedCertificate, Standing
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.listing import NOT_ASKED, Comparison, Listing
from linkexchange.model.participant import HUB, ROLES, Capability, Participant
from linkexchange.web.pages.fields import Field, identifier
from linkexchange.web.pages.site import Site

PATH = "/enrolments"
STANDINGS: dict[str, str] = {
    Standing.APPLIED: "wartet",
    Standing.APPROVED: "aufgenommen",
    Standing.RENEWED: "aufgenommen, Zertifikat erneuert",
    Standing.REJECTED: "abgelehnt",
    Standing.REVOKED: "gesperrt",
}
CHIPS: dict[str, str] = {
    Standing.APPLIED: "waiting",
    Standing.APPROVED: "complete",
    Standing.RENEWED: "complete",
    Standing.REJECTED: "failed",
    Standing.REVOKED: "failed",
}
REASONS: dict[str, str] = {admit.SUPERSEDED: "durch einen neueren Antrag ersetzt"}
CAPABILITIES: dict[str, str] = {
    Capability.SERVES: "gibt Bilder ab",
    Capability.PULLS: "holt Bilder",
    Capability.TAKES_OFFERS: "nimmt Angebote an",
}
COMPARISONS: dict[str, str] = {
    Comparison.NOT_ASKED: "nicht gefragt: vzd_url ist nicht gesetzt",
    Comparison.UNREACHABLE: "nicht erreichbar",
    Comparison.ABSENT: "nicht gelistet",
    Comparison.OTHER_ROLE: "andere Rolle als auf der Karte",
    Comparison.OTHER_NAME: "Rolle stimmt, Name weicht von dem der Karte ab",
    Comparison.AGREES: "Rolle stimmt",
}
COMPARISON_CHIPS: dict[str, str] = {
    Comparison.NOT_ASKED: "waiting",
    Comparison.UNREACHABLE: "waiting",
    Comparison.ABSENT: "failed",
    Comparison.OTHER_ROLE: "failed",
    Comparison.OTHER_NAME: "waiting",
    Comparison.AGREES: "complete",
}
ALTHOUGH: dict[str, str] = {
    Comparison.ABSENT: "Aufnehmen, obwohl das FHIR-VZD die Einrichtung nicht listet",
    Comparison.OTHER_ROLE: "Aufnehmen, obwohl das FHIR-VZD die Einrichtung mit anderer Rolle listet als ihre Karte",
}

WORDS = {
    "standings": STANDINGS,
    "chips": CHIPS,
    "why": REASONS,
    "capabilities": CAPABILITIES,
    "comparisons": COMPARISONS,
    "comparison_chips": COMPARISON_CHIPS,
    "although": ALTHOUGH,
}


@dataclass(frozen=True, slots=True)
class ShownParticipant:
    """One that takes part, and until when its newest certificate is good; None where it was entered by hand."""

    participant: Participant
    certificate: IssuedCertificate | None


@dataclass(frozen=True, slots=True)
class ShownEnrolment:
    """An application as the operator judges it. `key` is the fingerprint in groups of four.

    `listed_roles` are the roles that the FHIR-VZD has, where none of them is that of the card.
    """

    enrolment: Enrolment
    role: str
    key: str
    names_differ: bool
    listing: Listing
    comparison: Comparison
    listed_roles: Sequence[str]


def add_enrolments(site: Site, admission: Admission, now: Callable[[], datetime]) -> None:
    """The page and its three forms."""

    @site.pages.get(PATH)
    def enrolments(request: Request) -> HTMLResponse:
        with admission.store.work(HUB) as work:
            everyones = work.enrolments.everyones()
        waiting = list(_waiting(admission, [it for it in everyones if it.standing is Standing.APPLIED]))
        past = [_shown(it) for it in everyones if it.standing is not Standing.APPLIED]
        shown = list(_participants(admission, now()))
        return site.page(
            request, "enrolments.html", waiting=waiting, past=past, shown=shown, ca=admission.authority, words=WORDS
        )

    @site.forms.post(f"{PATH}/approval")
    def approval(participant: Field, enrolment: Field, although: Field = "") -> RedirectResponse:
        who, number = identifier(TelematikId, participant), _number(enrolment)
        admit.approve(admission, who, number, although=_although(although))
        return RedirectResponse(PATH, status_code=303)

    @site.forms.post(f"{PATH}/rejection")
    def rejection(participant: Field, enrolment: Field, reason: Field) -> RedirectResponse:
        admit.reject(admission, identifier(TelematikId, participant), _number(enrolment), reason=_line(reason))
        return RedirectResponse(PATH, status_code=303)

    @site.forms.post(f"{PATH}/revocation")
    def revocation(participant: Field, reason: Field) -> RedirectResponse:
        admit.revoke(admission, identifier(TelematikId, participant), reason=_line(reason))
        return RedirectResponse(PATH, status_code=303)


def in_groups(fingerprint: str) -> str:
    """As two people read it to each other."""
    return " ".join(fingerprint[at : at + 4] for at in range(0, len(fingerprint), 4))


def _participants(admission: Admission, now: datetime) -> Iterator[ShownParticipant]:
    with admission.store.work(HUB) as work:
        for participant in work.directory.all():
            with work.on_behalf_of(participant.telematik_id):
                good = [it for it in work.certificates.all() if it.is_good(now)]
            yield ShownParticipant(participant, good[0] if good else None)


def _waiting(admission: Admission, applied: Sequence[Enrolment]) -> Iterator[ShownEnrolment]:
    """With what the FHIR-VZD says of each, asked outside of any transaction."""
    listings = admission.listings([it.participant.telematik_id for it in applied])
    return (_shown(it, listings[it.participant.telematik_id]) for it in applied)


def _shown(enrolment: Enrolment, listing: Listing = NOT_ASKED) -> ShownEnrolment:
    comparison = listing.compared(enrolment.card_name, enrolment.role)
    listed = [ROLES.get(it, it) for it in listing.profession_oids]
    return ShownEnrolment(
        enrolment,
        role=ROLES.get(enrolment.role, enrolment.role),
        key=in_groups(enrolment.key),
        names_differ=enrolment.card_name != enrolment.participant.name,
        listing=listing,
        comparison=comparison,
        listed_roles=listed if comparison is Comparison.OTHER_ROLE else (),
    )


def _although(value: str) -> Comparison | None:
    if value and value not in ALTHOUGH:
        raise HTTPException(422)
    return Comparison(value) if value else None


def _number(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        raise HTTPException(422) from None


def _line(value: str) -> str:
    line = " ".join(value.split())
    if not line or not line.isprintable():
        raise HTTPException(422)
    return line
