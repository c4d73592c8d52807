"""The pages of a node over real HTTP: fetch, watch, send, withdraw; what they refuse, and what they never show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
import visitor
from structlog.testing import capture_logs
from visitor import Visitor, words
from world import HOSPITAL, KVNR, PRACTICE, STUDY, World, data_set, uid

from linkexchange import publish, pull, push, record
from linkexchange.errors import HubUnavailable
from linkexchange.model.transfer import State, Transfer
from linkexchange.signing import PROOF_MAX_BYTES, verify
from linkexchange.store.overview import NodeOverview
from linkexchange.web.node import application
from linkexchange.web.pages.fetching import USER

XSS = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


@pytest.fixture
def practice(world: World) -> Iterator[Visitor]:
    with visitor.at(application(world.practice, NodeOverview(world.nodes))) as visit:
        yield visit


@pytest.fixture
def hospital(world: World) -> Iterator[Visitor]:
    with visitor.at(application(world.hospital, NodeOverview(world.nodes))) as visit:
        yield visit


def fetch(visit: Visitor, at: str, **changes: str) -> httpx.Response:
    asked = {"kvnr": KVNR, "entry": at, "destination": "practice", "purpose": "TREAT", **changes}
    return visit.send("/pulls", **asked)


def transfers(world: World) -> list[Transfer]:
    with world.nodes.work(PRACTICE) as work:
        return [transfer for transfer, _ in work.transfers.recent()]


# --- fetch ------------------------------------------------------------------------------------------------------------


def test_a_search_lists_title_author_and_date_of_every_entry(world: World, practice: Visitor) -> None:
    world.publish()
    page = words(practice.send("/search", kvnr=KVNR).text)
    assert "1 Eintrag" in page
    assert "Schädel" in page
    assert "hospital · eingestellt am 24.11.2026" in page


def test_a_kvnr_may_be_typed_in_small_letters_and_with_spaces(world: World, practice: Visitor) -> None:
    world.publish()
    typed = f" {KVNR[:4].lower()} {KVNR[4:]} "
    assert "1 Eintrag" in words(practice.send("/search", kvnr=typed).text)


def test_a_wrong_check_digit_is_said_beside_the_field(practice: Visitor) -> None:
    wrong = KVNR[:-1] + str((int(KVNR[-1]) + 1) % 10)
    answer = practice.send("/search", kvnr=wrong)
    assert answer.status_code == 422
    assert "Das ist keine gültige KVNR" in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_a_record_that_refuses_is_told_with_cause_owner_and_next_step(world: World, practice: Visitor) -> None:
    world.records[PRACTICE].entitled = False
    answer = practice.send("/search", kvnr=KVNR)
    page = words(answer.text)
    assert answer.status_code == 403
    assert "darf in dieser Patientenakte nicht lesen" in page
    assert "Zuständig Ihre Einrichtung" in page
    assert "Lesen Sie die Gesundheitskarte ein" in page
    assert re.search(r"Kennung [0-9a-f-]{36}", page)


def test_a_person_sees_name_and_birth_date_of_the_document_before_anything_is_asked_for(
    world: World, practice: Visitor
) -> None:
    entry = world.publish()
    page = words(practice.send("/confirmation", kvnr=KVNR, entry=entry).text)
    assert "Müller , Jörg" in page
    assert "02.01.1970" in page
    assert "2 Serien · 4 Bilder" in page
    assert transfers(world) == []


def test_without_javascript_the_question_is_a_page_and_with_it_a_part(world: World, practice: Visitor) -> None:
    asked = {"kvnr": KVNR, "entry": world.publish()}
    page = practice.send("/confirmation", **asked).text
    part = practice.send("/confirmation", {**visitor.BROWSER, "HX-Request": "true"}, **asked).text
    assert "<html" in page
    assert '<dialog aria-labelledby="question" open>' in page
    assert "<html" not in part
    assert "data-modal" in part


def test_the_entry_of_another_patient_is_not_shown(world: World, practice: Visitor) -> None:
    other = KVNR.with_check_digit("B12345678")
    entry = world.publish()
    world.held[entry] = (other, *world.held[entry][1:])
    answer = practice.send("/confirmation", kvnr=other, entry=entry)
    assert "Die Bilder gehören zu jemand anderem" in words(answer.text)
    assert "Müller" not in answer.text


def test_a_withdrawn_entry_is_told_before_the_pull(world: World, practice: Visitor) -> None:
    world.publish()
    with world.nodes.work(HOSPITAL) as work:
        [published] = work.links.recent()
    publish.withdraw(world.hospital, published.link.link)
    publish.carry_withdrawal(world.hospital, published.link.link)
    record.close(world.hospital, published.link.link)
    [closing] = world.held
    answer = practice.send("/confirmation", kvnr=KVNR, entry=closing)
    assert answer.status_code == 410
    assert "zurückgezogen oder ersetzt" in answer.text


def test_a_confirmed_pull_leads_to_its_transfer(world: World, practice: Visitor) -> None:
    answer = fetch(practice, world.publish(), purpose="ETREAT")
    [transfer] = transfers(world)
    assert answer.headers["Location"] == f"/transfers/{transfer.transfer}"
    assert (transfer.ask.kvnr, transfer.ask.user, transfer.ask.purpose) == (KVNR, USER, "ETREAT")
    page = words(practice.follow(answer).text)
    assert "angefragt" in page
    assert "Notfall" in page


def test_a_forged_form_is_refused_in_german_and_nothing_is_asked_for(world: World, practice: Visitor) -> None:
    for changes, status, sentence in (
        ({"destination": "elsewhere"}, 404, "Ein PACS mit diesem Namen ist hier nicht eingetragen."),
        ({"purpose": "CURIOSITY"}, 422, "Eine Angabe fehlt"),
        ({"kvnr": "A000000000"}, 422, "Eine Angabe fehlt"),
        ({"entry": "e" * 201}, 422, "Eine Angabe fehlt"),
    ):
        answer = fetch(practice, "entry-1", **changes)
        assert answer.status_code == status
        assert sentence in answer.text
    assert transfers(world) == []


# --- watch ------------------------------------------------------------------------------------------------------------


def test_a_complete_transfer_says_n_of_n_and_offers_the_proof(world: World, practice: Visitor) -> None:
    transfer = world.pull(world.publish())
    page = practice.get(f"/transfers/{transfer.transfer}")
    assert "vollständig: 4 von 4 Bildern" in words(page.text)
    assert "Es fehlen" not in page.text


def test_a_partial_transfer_shows_the_exact_list_of_what_is_missing(world: World, practice: Visitor) -> None:
    entry = world.publish()
    world.pacs[HOSPITAL].missing = {uid(2), uid(3)}
    page = words(practice.get(f"/transfers/{world.pull(entry).transfer}").text)
    assert "unvollständig: 2 von 4 Bildern" in page
    assert set(re.findall(r"(\S+) fehlt", page)) == {uid(2), uid(3)}


def test_what_the_pacs_refused_is_shown_with_its_status(world: World, practice: Visitor) -> None:
    world.pacs[PRACTICE].status = lambda it: 0xC000 if it == uid(1) else 0
    page = words(practice.get(f"/transfers/{world.pull(world.publish()).transfer}").text)
    assert f"{uid(1)} nicht angenommen · Status 0xC000" in page


def test_a_denied_transfer_tells_the_reason_in_german(world: World, practice: Visitor) -> None:
    entry = world.publish()
    world.roles[PRACTICE] = "1.2.276.0.76.4.49"
    page = words(practice.get(f"/transfers/{world.pull(entry).transfer}").text)
    assert "fehlgeschlagen" in page
    assert "konnte sich nicht ausweisen" in page


def test_a_stopped_transfer_says_whose_fault_it_is(world: World, practice: Visitor) -> None:
    entry = world.publish()
    world.pacs[HOSPITAL].instances[uid(1)] = data_set(1, PatientBirthDate="19800101")
    page = words(practice.get(f"/transfers/{world.pull(entry).transfer}").text)
    assert "abgebrochen" in page
    assert "Grund Geburtsdatum" in page


def test_the_signed_proof_can_be_downloaded_under_a_name_without_patient(world: World, practice: Visitor) -> None:
    transfer = world.pull(world.publish()).transfer
    answer = practice.get(f"/transfers/{transfer}/proof.jws")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="nachweis-{transfer}.jws"'
    proven = verify(answer.text, world.practice.signer.public, max_bytes=PROOF_MAX_BYTES)
    assert proven.claims["outcome"] == "complete"


def test_the_proof_can_be_read_as_a_table_of_every_instance(world: World, practice: Visitor) -> None:
    transfer = world.pull(world.publish())
    page = practice.get(f"/transfers/{transfer.transfer}/proof").text
    assert page.count("<tr><td>") == 4
    assert str(world.proof(transfer.transfer)["instances"][0]["digest_received"]) in page  # type: ignore[index]


def test_transfers_are_listed_newest_first_with_the_names_of_the_directory(world: World, practice: Visitor) -> None:
    entry = world.publish()
    first = world.pull(entry).transfer
    world.clock.advance(minutes=1)  # type: ignore[attr-defined]
    second = world.pull(entry).transfer
    page = practice.get("/transfers").text
    assert re.findall(r'id="transfer-(\S+)"', page) == [str(second), str(first)]
    assert "Von 5-2-hospital vollständig 24.11.2026" in words(page)


def test_without_the_hub_transfers_are_shown_with_telematik_ids(
    world: World, practice: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.pull(world.publish())

    def silent() -> list[object]:
        raise HubUnavailable

    monkeypatch.setattr(world.practice.hub, "participants", silent)
    assert HOSPITAL in practice.get("/transfers").text


def test_a_transfer_that_is_not_there_is_told_in_german(practice: Visitor) -> None:
    for part in ("", "/row", "/course", "/proof", "/proof.jws"):
        answer = practice.get(f"/transfers/{uuid4()}{part}")
        assert answer.status_code == 404
        assert "gibt es hier nicht" in answer.text


def test_a_transfer_that_runs_has_no_proof_yet(world: World, practice: Visitor) -> None:
    transfer = world.ask(world.publish())
    assert [practice.get(f"/transfers/{transfer}{part}").status_code for part in ("/proof", "/proof.jws")] == [404, 404]


def test_a_transfer_of_another_participant_looks_as_if_it_were_not_there(world: World, hospital: Visitor) -> None:
    answer = hospital.get(f"/transfers/{world.pull(world.publish()).transfer}")
    assert answer.status_code == 404


# --- live -------------------------------------------------------------------------------------------------------------


def first_events(visit: Visitor, count: int, **headers: str) -> list[tuple[str, int]]:
    """The first so many events, as (name, number)."""
    with visit.client.stream("GET", "/events", headers=headers) as answer:
        text = ""
        for chunk in answer.iter_text():
            text += chunk
            found = re.findall(r"id: (\d+)\r\nevent: (\S+)\r\n", text)
            if len(found) >= count:
                return [(name, int(number)) for number, name in found[:count]]
    raise AssertionError(text)


def test_every_change_of_a_transfer_is_an_event_without_content(world: World, practice: Visitor) -> None:
    transfer = world.pull(world.publish()).transfer
    names = [name for name, _ in first_events(practice, 2)]
    assert names == ["transfers", f"transfer-{transfer}"]


def test_a_page_that_resumes_hears_of_what_came_since(world: World, practice: Visitor) -> None:
    entry = world.publish()
    world.pull(entry)
    [_, (_, last)] = first_events(practice, 2)
    following = world.ask(entry)
    heard = dict(first_events(practice, 3, **{"Last-Event-ID": str(last)}))
    assert heard[f"transfer-{following}"] > last


# --- send and withdraw ------------------------------------------------------------------------------------------------


def test_studies_and_participants_are_there_to_choose_from(world: World, hospital: Visitor) -> None:
    world.pacs[HOSPITAL].hold(data_set(1))
    page = words(hospital.get("/send").text)
    assert f"Schädel {STUDY}" in page
    assert PRACTICE in page
    assert f"({HOSPITAL})" not in page


def test_a_study_that_is_sent_becomes_an_offer_and_is_shown_as_such(world: World, hospital: Visitor) -> None:
    world.pacs[HOSPITAL].hold(data_set(1))
    answer = hospital.send("/send", pacs="hospital", study=STUDY, receiver=PRACTICE)
    with world.nodes.work(HOSPITAL) as work:
        [released] = work.links.recent()
    push.offer(world.hospital, released.link.link, PRACTICE)
    assert [offer.link for offer in world.practice.hub.offers()] == [released.link.link]
    shown = hospital.follow(answer).text
    page = words(shown)
    # The part that a live event loads anew keeps the message.
    assert f'hx-get="/links?new={released.link.link}"' in shown
    assert "gesendet" in page
    assert f"an {PRACTICE} am" in page
    assert "Das Angebot ist unterwegs." in page


def test_what_is_pushed_appears_among_the_transfers_of_the_receiver(world: World, practice: Visitor) -> None:
    world.pacs[HOSPITAL].hold(data_set(1))
    transfer = world.push()
    page = words(practice.get(f"/transfers/{transfer.transfer}").text)
    assert "vollständig: 1 von 1 Bild" in page
    assert "Zusendung der anderen Einrichtung" in page


def test_a_pacs_that_is_down_is_told_and_another_can_still_be_chosen(world: World, hospital: Visitor) -> None:
    world.pacs[HOSPITAL].down = True
    answer = hospital.get("/send")
    assert answer.status_code == 200
    assert "Ihr PACS antwortet nicht" in answer.text


def test_what_cannot_be_sent_is_told_in_german(world: World, hospital: Visitor) -> None:
    world.pacs[HOSPITAL].hold(data_set(1))
    for changes, status, sentence in (
        ({"study": "1.2.3"}, 404, "Das PACS hat diese Studie nicht"),
        ({"receiver": "9-9-nobody"}, 404, "Diese Einrichtung steht nicht im Teilnehmerverzeichnis."),
        ({"receiver": "nobody"}, 422, "Eine Angabe fehlt"),
        ({"pacs": "elsewhere"}, 404, "Ein PACS mit diesem Namen"),
        ({"kvnr": "A1"}, 422, "Eine Angabe fehlt"),
        ({"kvnr": KVNR.with_check_digit("B12345678")}, 403, "Die Bilder gehören zu jemand anderem"),
    ):
        answer = hospital.send("/send", **{"pacs": "hospital", "study": STUDY, "receiver": PRACTICE, **changes})
        assert (answer.status_code, sentence in answer.text) == (status, True)
    with world.nodes.work(HOSPITAL) as work:
        assert work.links.recent() == []


def test_a_published_link_is_shown_with_its_state_and_can_be_withdrawn(world: World, hospital: Visitor) -> None:
    world.publish()
    with world.nodes.work(HOSPITAL) as work:
        [published] = work.links.recent()
    assert "in der Akte" in hospital.get("/links").text
    page = words(hospital.follow(hospital.send("/links/withdrawal", link=published.link.link)).text)
    assert "zurückgezogen" in page
    assert "Ja, zurückziehen" not in page


def test_a_link_that_a_newer_one_has_replaced_is_shown_as_replaced(world: World, hospital: Visitor) -> None:
    world.publish()
    world.clock.advance(minutes=1)  # type: ignore[attr-defined]
    world.publish()
    page = words(hospital.get("/links").text)
    assert page.index("in der Akte") < page.index("ersetzt")


def test_a_link_that_is_not_there_cannot_be_withdrawn(hospital: Visitor) -> None:
    asked = [hospital.send("/links/withdrawal", link=link).status_code for link in (str(uuid4()), "nothing")]
    assert asked == [404, 422]


def test_the_list_of_pacs_shows_ae_title_address_and_way(practice: Visitor) -> None:
    assert "practice PACS 127.0.0.1:104 C-GET (DIMSE)" in words(practice.get("/pacs").text)


# --- what never happens -----------------------------------------------------------------------------------------------


def test_what_others_wrote_is_text_and_nothing_else(world: World, practice: Visitor) -> None:
    entry = world.publish()
    owner, document, _ = world.held[entry]
    world.held[entry] = (owner, document, XSS + "\u202e\u0007")
    page = practice.send("/search", kvnr=KVNR).text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "\u202e" not in page.split("aria-label")[0]
    assert "&lt;script&gt;alert(1)" in page


def test_w_01_names_and_descriptions_of_a_document_are_text_and_nothing_else(world: World, practice: Visitor) -> None:
    world.pacs[HOSPITAL].hold(data_set(1, PatientName="<b>Müller</b>^Jörg<script>"))
    link = publish.publish(world.hospital, STUDY, pacs="hospital", kvnr=KVNR)
    publish.announce(world.hospital, link)
    page = practice.send("/confirmation", kvnr=KVNR, entry="entry-1").text
    assert "<b>" not in page
    assert "&lt;b&gt;Müller&lt;/b&gt;" in page


def test_w_07_neither_kvnr_nor_name_is_in_any_url_or_log_line(world: World, practice: Visitor) -> None:
    with capture_logs() as lines:
        entry = world.publish()
        practice.send("/search", kvnr=KVNR)
        practice.send("/confirmation", kvnr=KVNR, entry=entry)
        practice.follow(fetch(practice, entry))
        pull.run(world.practice, transfers(world)[0].transfer)
        practice.get(f"/transfers/{transfers(world)[0].transfer}/proof")
        fetch(practice, entry, destination="elsewhere")
        world.records[PRACTICE].entitled = False
        practice.send("/search", kvnr=KVNR)
    assert lines
    assert not re.search(rf"{KVNR}|Müller|1970", " ".join([*practice.urls, *map(str, lines)]))


def test_a_bug_of_ours_shows_and_logs_a_trace_id_and_never_its_text(
    world: World, practice: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError(f"patient {KVNR}")

    monkeypatch.setattr(world.records[PRACTICE], "find", broken)
    with capture_logs() as lines:
        answer = practice.send("/search", kvnr=KVNR)
    [line] = lines
    assert answer.status_code == 500
    assert "internal-error" in answer.text
    assert line["trace_id"] in answer.text
    assert KVNR not in answer.text + str(lines)


def test_a_transfer_that_waits_says_for_whom(world: World, practice: Visitor) -> None:
    transfer = world.ask(world.publish())
    with world.nodes.work(PRACTICE) as work:
        work.transfers.advance(work.transfers.claim(transfer), State.WAITING, "origin-unavailable: timed out")
    page = words(practice.get(f"/transfers/{transfer}").text)
    assert "wartet" in page
    assert "Der Knoten der abgebenden Einrichtung antwortet nicht." in page
