"""The operator's page at the hub: what he sees before he decides, and that nobody else decides for him."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import visitor
from conftest import Clock
from enrolling import CARD, EnrolmentBench
from visitor import BROWSER, Visitor, words
from wishes import HOSPITAL, HOSPITAL_ROLE, PHARMACY_ROLE, PRACTICE, PRACTICE_ROLE

from linkexchange import admit
from linkexchange.model.enrolment import Standing
from linkexchange.model.listing import ABSENT, NOT_ASKED, UNREACHABLE, Comparison, Listing
from linkexchange.model.participant import Capability, Participant
from linkexchange.store.overview import HubOverview
from linkexchange.store.work import Database
from linkexchange.web.hub import application
from linkexchange.web.pages.enrolments import ALTHOUGH, CAPABILITIES, CHIPS, COMPARISON_CHIPS, COMPARISONS, STANDINGS

PATH = "/enrolments"
FORMS = {
    "approval": {"participant": PRACTICE},
    "rejection": {"participant": PRACTICE, "reason": "nein"},
    "revocation": {"participant": PRACTICE, "reason": "nein"},
}


@pytest.fixture
def desk(database: Database, clock: Clock) -> EnrolmentBench:
    return EnrolmentBench(database, clock)


@pytest.fixture
def hub(desk: EnrolmentBench) -> Iterator[Visitor]:
    with visitor.at(application(HubOverview(desk.database), desk.clock, desk.admission)) as visit:
        yield visit


def page(hub: Visitor) -> str:
    return words(hub.get(PATH).text)


def test_an_empty_hub_says_so(hub: Visitor) -> None:
    assert "Anträge" in page(hub)
    assert "Keiner wartet. Im Verzeichnis Noch keiner. Frühere Anträge Noch keine." in page(hub)
    assert 'href="/enrolments" aria-current="page"' in hub.get(PATH).text


def test_the_operator_sees_what_the_card_has_proven_beside_what_the_node_says(
    desk: EnrolmentBench, hub: Visitor
) -> None:
    desk.card = replace(CARD, name="Praxis Dr. Weiß")
    desk.apply()
    seen = page(hub)
    [it] = desk.enrolments()
    grouped = " ".join(re.findall("....", it.key))
    for part in (
        f"Telematik-ID {PRACTICE}",
        "Name auf der Karte Praxis Dr. Weiß weicht vom Namen im Antrag ab",
        "Rolle der Karte Betriebsstätte Arzt",
        f"Fingerabdruck des Schlüssels (SHA-256) {grouped}",
        "Knoten https://practice.example:8443",
        "PACS als Ziel PACS",
        "AE-Titel LINKEXCHANGE",
        "Was der Knoten tut gibt Bilder ab, holt Bilder, nimmt Angebote an",
        "Erreichbar 07:00-18:00",
        "Ansprechpartner Tel. 030 1",
    ):
        assert part in seen


def test_where_both_names_are_the_same_nothing_is_said_of_it(desk: EnrolmentBench, hub: Visitor) -> None:
    desk.apply()
    assert "weicht" not in page(hub)


SAYS = {
    "not asked": (NOT_ASKED, "FHIR-VZD nicht gefragt: vzd_url ist nicht gesetzt"),
    "unreachable": (UNREACHABLE, "FHIR-VZD nicht erreichbar"),
    "absent": (ABSENT, "FHIR-VZD nicht gelistet"),
    "agrees": (
        Listing("Praxis am Markt", (PRACTICE_ROLE,)),
        "als Praxis am Markt Rolle stimmt Fingerabdruck",
    ),
    "other name": (
        Listing("Praxis Nord", (PRACTICE_ROLE,)),
        "FHIR-VZD gelistet als Praxis Nord Rolle stimmt, Name weicht von dem der Karte ab",
    ),
    "other role": (
        Listing("Praxis am Markt", (HOSPITAL_ROLE, PHARMACY_ROLE)),
        f"gelistet als Praxis am Markt andere Rolle als auf der Karte Krankenhaus, {PHARMACY_ROLE}",
    ),
}


@pytest.mark.parametrize(("listing", "said"), SAYS.values(), ids=SAYS)
def test_the_operator_sees_what_the_directory_says(
    desk: EnrolmentBench, hub: Visitor, listing: Listing, said: str
) -> None:
    desk.apply()
    desk.listing = listing
    assert said in page(hub)
    is_box = 'name="although"' in hub.get(PATH).text
    assert is_box is listing.compared(CARD.name, CARD.profession_oid).stands_against


@pytest.mark.parametrize("listing", [ABSENT, SAYS["other role"][0]], ids=["absent", "other role"])
def test_against_the_directory_the_operator_says_so_expressly(
    desk: EnrolmentBench, hub: Visitor, listing: Listing
) -> None:
    desk.apply()
    desk.listing = listing
    form = {"participant": PRACTICE, "enrolment": str(desk.enrolments()[0].number)}
    refused = hub.send(f"{PATH}/approval", **form)
    assert (refused.status_code, "listet diese Einrichtung nicht" in words(refused.text)) == (403, True)
    [named] = re.findall(r'name="although" value="([^"]+)" required', hub.get(PATH).text)
    assert "Keiner wartet." in words(hub.follow(hub.send(f"{PATH}/approval", **form, although=named)).text)
    assert desk.trail()[-1][1]["listing"] == named


def test_what_the_directory_writes_is_text_and_nothing_else(desk: EnrolmentBench, hub: Visitor) -> None:
    desk.apply()
    desk.listing = Listing.said("<script>alert(1)</script>", [PRACTICE_ROLE])
    assert "<script>alert" not in hub.get(PATH).text


def test_the_operator_approves(desk: EnrolmentBench, hub: Visitor) -> None:
    secret = desk.apply()
    form = {"participant": PRACTICE, "enrolment": str(desk.enrolments()[0].number)}
    seen = words(hub.follow(hub.send(f"{PATH}/approval", **form)).text)
    assert "Keiner wartet. Im Verzeichnis Praxis am Markt" in seen
    ends = (desk.clock() + timedelta(days=90)).astimezone()
    assert f"Zertifikat gültig bis {ends:%d.%m.%Y, %H:%M} Uhr" in seen
    assert desk.verdict(secret).standing is Standing.APPROVED


def test_the_operator_rejects_with_a_reason_that_is_shown_later(desk: EnrolmentBench, hub: Visitor) -> None:
    secret = desk.apply()
    form = {"participant": PRACTICE, "enrolment": str(desk.enrolments()[0].number), "reason": " Kein  Anruf "}
    seen = words(hub.follow(hub.send(f"{PATH}/rejection", **form)).text)
    assert "abgelehnt Kein Anruf" in seen
    assert desk.verdict(secret) == admit.Verdict(Standing.REJECTED, "Kein Anruf", "")


def test_the_operator_revokes(desk: EnrolmentBench, hub: Visitor) -> None:
    desk.enrolled()
    seen = words(hub.follow(hub.send(f"{PATH}/revocation", participant=PRACTICE, reason="Praxis zu")).text)
    assert "Im Verzeichnis Noch keiner." in seen
    assert "gesperrt Praxis zu" in seen


def test_what_is_settled_already_is_told_in_german(desk: EnrolmentBench, hub: Visitor) -> None:
    desk.enrolled()
    form = {"participant": PRACTICE, "enrolment": str(desk.enrolments()[0].number)}
    answer = hub.send(f"{PATH}/approval", **form)
    assert (answer.status_code, "Die Aufnahme wurde abgelehnt" in words(answer.text)) == (403, True)


def test_a_hub_without_ca_says_why_nobody_can_be_approved(desk: EnrolmentBench) -> None:
    desk.apply()
    bare = application(HubOverview(desk.database), desk.clock, replace(desk.admission, authority=None))
    with visitor.at(bare) as hub:
        assert "stellt keine Zertifikate aus" in page(hub)
        assert "/enrolments/approval" not in hub.get(PATH).text


def test_a_participant_that_was_entered_by_hand_is_shown_so(desk: EnrolmentBench, hub: Visitor) -> None:
    with desk.database.work(HOSPITAL) as work:
        work.directory.put(Participant(HOSPITAL, "Klinikum", "https://hospital.example"))
    assert "Klinikum" in page(hub)
    assert "von Hand eingetragen" in page(hub)


def test_w_01_what_an_applicant_writes_is_text_and_nothing_else(desk: EnrolmentBench, hub: Visitor) -> None:
    desk.card = replace(CARD, name="<script>alert(1)</script>")
    desk.apply(name="<img src=x onerror=alert(1)>", contact='"><script>alert(2)</script>')
    seen = hub.get(PATH).text
    assert "<script>alert" not in seen
    assert "<img src=x" not in seen


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site", "Origin": "null"},
        {"Origin": "https://evil.example"},
        {},
    ],
    ids=["cross-site", "same-site", "other origin", "nothing"],
)
def test_w_02_no_other_page_can_approve_reject_or_revoke(
    desk: EnrolmentBench, hub: Visitor, form: str, headers: dict[str, str]
) -> None:
    desk.enrolled()
    desk.apply()
    before = [(it.number, it.standing) for it in desk.enrolments()]
    fields = {**FORMS[form], "enrolment": str(next(n for n, standing in before if standing is Standing.APPLIED))}
    assert hub.send(f"{PATH}/{form}", headers, **fields).status_code == 403
    assert [(it.number, it.standing) for it in desk.enrolments()] == before


@pytest.mark.parametrize("form", FORMS)
def test_w_02_a_form_without_our_token_changes_nothing(desk: EnrolmentBench, hub: Visitor, form: str) -> None:
    desk.apply()
    fields = {**FORMS[form], "enrolment": str(desk.enrolments()[0].number), "form_token": "x" * 43}
    assert hub.client.post(f"{PATH}/{form}", data=fields, headers=BROWSER).status_code == 403
    assert desk.enrolments()[0].standing is Standing.APPLIED


@pytest.mark.parametrize(
    "fields",
    [{"participant": "nobody"}, {"enrolment": "one"}, {"reason": " "}, {"reason": "a\u202eb"}],
    ids=["participant", "enrolment", "no reason", "invisible"],
)
def test_what_no_form_of_ours_sends_is_refused(desk: EnrolmentBench, hub: Visitor, fields: dict[str, str]) -> None:
    desk.apply()
    form = {"participant": PRACTICE, "enrolment": str(desk.enrolments()[0].number), "reason": "nein", **fields}
    assert hub.send(f"{PATH}/rejection", **form).status_code == 422
    assert desk.enrolments()[0].standing is Standing.APPLIED


def test_every_standing_and_every_capability_has_its_german() -> None:
    assert STANDINGS.keys() == CHIPS.keys() == set(Standing)
    assert set(CAPABILITIES) == set(Capability)


def test_every_comparison_has_its_german_and_what_stands_against_an_approval_can_be_named() -> None:
    assert COMPARISONS.keys() == COMPARISON_CHIPS.keys() == set(Comparison)
    assert ALTHOUGH.keys() == {it for it in Comparison if it.stands_against}


@pytest.mark.parametrize("although", ["agrees", "everything"])
def test_nothing_else_can_be_named(desk: EnrolmentBench, hub: Visitor, although: str) -> None:
    desk.apply()
    form = {"participant": PRACTICE, "enrolment": str(desk.enrolments()[0].number), "although": although}
    assert hub.send(f"{PATH}/approval", **form).status_code == 422
