"""The origin's own word over a grant that it believes: switch, policy and quota of patients."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import link_samples
import pytest
from conftest import Clock
from sqlalchemy import text
from test_serve import GRANT, ME, RELEASED, OriginBench
from wishes import NOW, PRACTICE, STRANGER

from linkexchange import govern, weigh
from linkexchange.errors import GrantRefused
from linkexchange.govern import Rulebook
from linkexchange.model.identifiers import Kvnr, LinkId
from linkexchange.model.policy import Effect, Policy, PolicyRule
from linkexchange.model.quota import KEPT, ORIGIN_QUOTAS, Counted, Quota, Span, Whose
from linkexchange.model.switch import Hand, Switch
from linkexchange.model.transfer import Authority
from linkexchange.store.transaction import act_for, transaction
from linkexchange.store.work import Database

PULLED = replace(GRANT, authority=Authority.RECORD)
CHANGES = {"quota.alarmed", "requester.locked"}
ALARM = ("quota.alarmed", {"quota": "institution-patients-hour", "used": 120, "limit": 150})
OFF = Switch(Hand.ORIGIN, False, "nur Versand", NOW)


@pytest.fixture
def bench(database: Database, clock: Clock) -> OriginBench:
    it = OriginBench(database, clock)
    it.origin = replace(it.origin, fresh_seconds=0)
    return it


def _ask(bench: OriginBench, **change: Any) -> str:
    """What the requester learns; empty where it is admitted."""
    try:
        bench.admitted(**{"authority": Authority.RECORD, "grant": uuid4(), **change})
    except GrantRefused as refused:
        return refused.detail
    return ""


def _kept(bench: OriginBench) -> list[tuple[str, str]]:
    with bench.database.work(ME) as work:
        return [(it.reason, it.rule) for it in work.admissions.find(GRANT.transfer)]


def _changes(bench: OriginBench) -> list[tuple[str, dict[str, Any]]]:
    return [entry for entry in bench.trail() if entry[0] in CHANGES]


def _patients(bench: OriginBench, count: int) -> list[LinkId]:
    """Links to so many studies, of another patient each."""
    links = []
    for number in range(count):
        patient = replace(RELEASED.patient, kvnr=Kvnr.with_check_digit(f"B{number:08d}"))
        link = replace(RELEASED, link=LinkId(str(uuid4())), patient=patient)
        bench.publish(link)
        links.append(link.link)
    return links


def test_what_nobody_objects_to_is_admitted_and_kept_once(bench: OriginBench) -> None:
    for _ in range(3):
        bench.admitted(authority=Authority.RECORD)
    assert _kept(bench) == [("", "")]


def test_the_own_switch_stops_pulls_at_the_next_request_and_no_release(bench: OriginBench) -> None:
    assert _ask(bench) == ""
    govern.turn(bench.database, ME, OFF, user="test")
    assert (_ask(bench), _ask(bench, authority=Authority.RELEASE)) == ("step 6: link", "")
    assert ("pull-switched-off", "lets-pull: origin") in _kept(bench)
    [fields] = [fields for action, fields in bench.trail() if action == "serving.refused"]
    assert {**fields, "decision": ""} == {
        "reason": "pull-switched-off",
        "rule": "lets-pull: origin",
        "step": "step 7: own rules",
        "transfer": str(GRANT.transfer),
        "requester": PRACTICE,
        "decision": "",
    }


def test_a_policy_over_modalities_is_judged_where_the_document_is(bench: OriginBench) -> None:
    modality = RELEASED.manifest.series[0].modality.casefold()
    rule = PolicyRule("none", Effect.DENY, modalities=frozenset({modality}))
    Rulebook(ME, bench.database).load_policy(Policy((rule,)), user="test", at=NOW)
    assert {_ask(bench), _ask(bench, authority=Authority.RELEASE)} == {"step 6: link"}
    assert set(_kept(bench)) == {("denied-by-policy", "permits-by-policy: none")}


def test_r10_whom_the_own_rules_refuse_learns_what_he_learns_of_a_link_that_is_not_here(bench: OriginBench) -> None:
    govern.turn(bench.database, ME, OFF, user="test")
    assert _ask(bench) == _ask(bench, link=LinkId(str(uuid4())))


def test_a_06_a_requester_of_many_patients_comes_to_the_alarm_and_is_locked_and_others_go_on(
    bench: OriginBench,
) -> None:
    quota = Quota(Whose.INSTITUTION, Counted.PATIENTS, Span.HOUR, 5, 4)
    book = Rulebook(ME, bench.database)
    book.load_quotas([quota], user="test", at=NOW)
    links = _patients(bench, 8)
    told = [_ask(bench, link=link) for link in links]
    assert told == [""] * 5 + ["step 6: link"] * 3
    assert [reason for reason, _ in _kept(bench)] == [""] * 5 + ["quota-reached"] + ["requester-locked"] * 2
    changes = [action for action, _ in bench.trail() if action in {"quota.alarmed", "requester.locked"}]
    assert changes == ["quota.alarmed", "requester.locked"]
    assert _ask(bench, link=links[7], requester=STRANGER) == ""
    [(requester, lock)] = book.locks()
    assert (requester, lock.quota) == (PRACTICE, "institution-patients-hour")
    assert book.lift(requester, lock.lock, user="test", at=NOW)
    assert (_ask(bench, link=links[0]), _ask(bench, link=links[7])) == ("", ""), "what was counted begins anew"


@pytest.mark.slow
def test_a_06_of_two_hundred_patients_in_an_hour_the_built_in_quota_serves_so_many_as_it_says(
    bench: OriginBench, clock: Clock
) -> None:
    hour = next(it for it in ORIGIN_QUOTAS if it.span is Span.HOUR)
    assert (hour.limit, hour.alarm, hour.locks) == (150, 120, True)
    told = []
    for link in _patients(bench, 200):
        told.append(_ask(bench, link=link, issued=clock()))
        clock.advance(seconds=15)
        if len(told) == hour.alarm - 1:
            assert _changes(bench) == []
        if len(told) == hour.limit:
            assert _changes(bench) == [ALARM]
    assert told == [""] * hour.limit + ["step 6: link"] * 50
    alarm, lock = _changes(bench)
    assert (alarm, lock) == (ALARM, ("requester.locked", {"lock": lock[1]["lock"], "quota": hour.name}))
    events = [(it.topic, it.body) for it in bench.database.events_after(ME, 0) if it.topic in CHANGES]
    assert events == [alarm, lock]
    assert [str(it.lock) for _, it in Rulebook(ME, bench.database).locks()] == [lock[1]["lock"]]
    refusals = [fields["reason"] for action, fields in bench.trail() if action == "serving.refused"]
    assert refusals == ["quota-reached"] + ["requester-locked"] * 49


def test_a_06_the_same_patient_counts_once_and_a_release_never(bench: OriginBench) -> None:
    quota = Quota(Whose.INSTITUTION, Counted.PATIENTS, Span.HOUR, 1, 1)
    Rulebook(ME, bench.database).load_quotas([quota], user="test", at=NOW)
    [other] = _patients(bench, 1)
    assert {_ask(bench) for _ in range(3)} == {""}
    assert _ask(bench, link=other, authority=Authority.RELEASE) == ""
    assert _ask(bench, link=other) == "step 6: link"


def test_what_was_counted_of_patients_is_forgotten_when_no_quota_asks_for_it_any_more(
    bench: OriginBench, clock: Clock
) -> None:
    [link] = _patients(bench, 1)
    assert _ask(bench, link=link) == ""
    since, count = clock(), text("SELECT count(*) FROM uses")

    def left(ago: timedelta) -> int:
        weigh.forget(bench.database, ME, now=since + ago)
        with transaction(bench.database.engine) as connection:
            act_for(connection, ME)
            return int(connection.execute(count).scalar_one())

    assert left(KEPT - timedelta(seconds=1)) > 0
    assert left(KEPT + timedelta(seconds=1)) == 0


def test_within_half_a_second_a_grant_is_not_decided_again(bench: OriginBench) -> None:
    bench.origin = replace(bench.origin, fresh_seconds=60)
    bench.admitted(authority=Authority.RECORD)
    govern.turn(bench.database, ME, OFF, user="test")
    assert bench.admitted(authority=Authority.RECORD)
    assert _ask(bench) == "step 6: link"


def test_a_patient_s_number_stands_in_no_trail_and_no_decision(bench: OriginBench) -> None:
    govern.turn(bench.database, ME, OFF, user="test")
    _ask(bench)
    with bench.database.work(ME) as work:
        [account] = work.admissions.find(GRANT.transfer)
    assert link_samples.link(2, 1).patient.kvnr not in f"{bench.trail()} {account}"
