"""The patient's list: everything this participant has written down about the patient's images, and nobody else's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from audit_samples import entry
from world import HOSPITAL, KVNR, PRACTICE, World, data_set

from linkexchange.model.audit import Action
from linkexchange.model.identifiers import Kvnr, TelematikId
from linkexchange.trail.history import Line, Study, history, is_told
from linkexchange.web.german_history import Sheet

OTHER_KVNR = Kvnr.with_check_digit("Z98765432")
NAMES = {str(PRACTICE): "Praxis Nord", str(HOSPITAL): "Klinikum <Süd>"}
AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def told(world: World, me: TelematikId) -> list[tuple[str, str, str, int | None]]:
    return [(it.action, it.other, it.state, it.count) for it in history(world.nodes, me, KVNR, user="test")]


def sheet(*lines: Line) -> Sheet:
    return Sheet(lines, "Praxis Nord", AT, lambda it: NAMES.get(it, it))


def test_both_ends_tell_what_they_did_with_the_images(world: World) -> None:
    world.pull(world.publish())
    assert told(world, HOSPITAL) == [
        ("link.published", "", "", None),
        ("serving.ended", PRACTICE, "", 4),
    ]
    assert told(world, PRACTICE) == [
        ("pull.requested", HOSPITAL, "", None),
        ("pull.ended", HOSPITAL, "complete", 4),
    ]


def test_a_study_that_stands_in_no_record_is_told_of_as_well(world: World) -> None:
    world.pacs[HOSPITAL].hold(data_set(1))
    world.push()
    assert [it[0] for it in told(world, HOSPITAL)] == ["study.released", "document.served", "serving.ended"]


def test_another_patient_is_told_nothing_of_it(world: World) -> None:
    world.pull(world.publish())
    assert history(world.nodes, HOSPITAL, OTHER_KVNR, user="test") == []


def test_that_a_list_was_made_is_written_down_without_the_kvnr(world: World) -> None:
    world.publish()
    history(world.nodes, HOSPITAL, KVNR, user="Meier")
    newest = world.nodes.audit_head(HOSPITAL)
    assert newest
    assert (newest.action, newest.fields) == (Action.HISTORY_GIVEN, {"user": "Meier", "entries": 1})


def test_steps_in_between_are_not_told() -> None:
    assert not is_told(entry(Action.PULL_WAITING))
    assert is_told(entry(Action.SERVING_ENDED))


def test_whatever_is_written_down_about_a_release_is_told() -> None:
    released = replace(entry(Action.PULL_ENDED), action=_Released("release.emergency-begun"))
    assert is_told(released)


class _Released(str):
    """An action that came later than this file."""

    __slots__ = ()

    @property
    def value(self) -> str:
        return str(self)


STUDY = Study("1.2.3", "CT", "Thorax & Abdomen", datetime(2026, 3, 1, tzinfo=UTC))
SERVED = Line(AT, "serving.ended", STUDY, str(PRACTICE), purpose="ETREAT", authority="record", count=1)


def test_the_text_says_in_plain_german_who_got_what_and_why() -> None:
    assert sheet(SERVED).as_text() == (
        "Was mit Ihren Bildern geschehen ist\nStand: 24.11.2026, 04:30 Uhr\n\n"
        "Diese Liste enthält alles, was Praxis Nord über Ihre Bilder aufgezeichnet hat. Andere Einrichtungen führen "
        "eigene Aufzeichnungen; fragen Sie dort nach, wenn eine hier genannt ist.\n\n"
        "Wann: 24.11.2026, 04:30 Uhr\nWas geschehen ist: Praxis Nord hat Bilder von dieser Einrichtung erhalten.\n"
        "Untersuchung: CT Thorax & Abdomen vom 01.03.2026\n"
        "Warum: Wegen eines Notfalls, weil der Eintrag in Ihrer Patientenakte gelesen werden durfte\n"
        "Ergebnis: 1 Bild\n"
    )


def test_the_page_needs_nothing_beside_it_and_escapes_what_others_wrote() -> None:
    got = Line(AT, "pull.ended", STUDY, str(HOSPITAL), state="partial", reason="interrupted", count=2)
    page = sheet(got).as_page()
    assert "Klinikum &lt;Süd&gt;" in page
    assert "unvollständig; 2 Bilder; Die Verbindung zur abgebenden Einrichtung ist abgerissen." in page
    assert not any(word in page for word in ("<script", "http", "src="))


def test_a_list_without_lines_says_so() -> None:
    assert "Es ist nichts aufgezeichnet." in sheet().as_text()
    assert "Es ist nichts aufgezeichnet." in sheet().as_page()


@pytest.mark.parametrize(
    ("action", "kind", "said"),
    [
        ("release.granted", "emergency", "In einem Notfall wurden die Bilder für Praxis Nord freigegeben."),
        ("release.granted", "second-opinion", "Warum: Für eine zweite Meinung"),
        ("release.heard", "no-record", "Praxis Nord hat um die Bilder gebeten."),
        ("release.denied", "", "Die Bitte von Praxis Nord um die Bilder wurde abgelehnt."),
        ("release.later-than-this", "", "Über eine Freigabe der Bilder für Praxis Nord wurde entschieden."),
    ],
)
def test_a_release_is_told_in_words(action: str, kind: str, said: str) -> None:
    assert said in sheet(Line(AT, action, Study("1.2.3"), str(PRACTICE), purpose=kind)).as_text()


def test_every_entry_of_a_request_is_told_where_one_of_them_names_the_study(world: World) -> None:
    world.publish()
    [link] = _links(world)
    with world.nodes.work(HOSPITAL) as work:
        named = {"request": "r1", "requester": PRACTICE}
        work.audit(Action.RELEASE_HEARD, **named, kind="emergency")
        work.audit(
            Action.RELEASE_GRANTED, **named, link=link, study="1.2.3", basis="rule", by="x", kind="emergency", until=""
        )
        work.audit(Action.RELEASE_HEARD, request="r2", requester=PRACTICE, kind="emergency")
    assert [it[0] for it in told(world, HOSPITAL)] == ["link.published", "release.heard", "release.granted"]


def _links(world: World) -> list[str]:
    with world.nodes.work(HOSPITAL) as work:
        return [str(it.link.link) for it in work.links.of_patient(KVNR)]


def test_who_asked_is_named_as_the_trail_names_him() -> None:
    asked = Line(AT, "pull.requested", STUDY, user="Dr. Meier")
    assert "angefordert. Veranlasst hat es: Dr. Meier." in sheet(asked).as_text()
    assert "Veranlasst hat es: jemand an diesen Seiten." in sheet(replace(asked, user="web page")).as_text()


def test_what_is_not_known_is_left_out() -> None:
    text = sheet(Line(AT, "pull.refused", Study())).as_text()
    assert "Warum" not in text
    assert "Untersuchung" not in text
