"""What a decision counts, whom it locks, and that no number of processes grants beyond a quota."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import wishes
from conftest import Clock, Server
from hub_bench import HubBench
from wishes import BY_RECORD, BY_RELEASE, HOSPITAL, LINK, NOW, OFFER, PRACTICE

from linkexchange import documents, govern, resolve
from linkexchange.errors import Denied
from linkexchange.govern import Rulebook
from linkexchange.model.identifiers import LinkId
from linkexchange.model.participant import HUB
from linkexchange.model.policy import Combining, Effect, Policy, PolicyRule
from linkexchange.model.quota import KEPT, Counted, Quota, Span, Whose
from linkexchange.model.request import Request
from linkexchange.model.switch import Hand, Switch
from linkexchange.store import schema
from linkexchange.store.work import Database

BY_USER = Quota(Whose.USER, Counted.LINKS, Span.HOUR, 5, 4)
OF_TRANSFERS = Quota(Whose.INSTITUTION, Counted.TRANSFERS, Span.HOUR, 3, 2)


@pytest.fixture
def bench(database: Database, clock: Clock) -> HubBench:
    return HubBench(database, clock)


def _load(bench: HubBench, *quotas: Quota, policy: Policy | None = None) -> Rulebook:
    book = Rulebook(HUB, bench.database)
    book.load_quotas(quotas, user="test", at=NOW)
    if policy:
        book.load_policy(policy, user="test", at=NOW)
    return book


def _links(bench: HubBench, *numbers: int) -> list[LinkId]:
    """Links of the hospital with these numbers, whose documents the practice holds."""
    links = [LinkId(str(UUID(int=number))) for number in numbers]
    with bench.database.work(HOSPITAL) as work:
        for link in links:
            work.hub.register(replace(wishes.REGISTERED, link=link), None)
    return links


def _wish(clock: Clock, **change: Any) -> Request:
    return replace(BY_RECORD, **{"transfer": uuid4(), "asked": clock(), "read_at": clock(), **change})


def _ask(bench: HubBench, session: str, **change: Any) -> str:
    """What comes of a request: the reason that the requester reads, empty where it is granted."""
    try:
        bench.grant(_wish(bench.clock, **change), session)
    except Denied as denied:
        return denied.detail
    return ""


def _actions(bench: HubBench) -> list[str]:
    return [action for action, _ in bench.trail() if action.split(".")[0] in {"quota", "requester"}]


# --- quotas -----------------------------------------------------------------------------------------------------------


def test_transfers_are_granted_up_to_the_quota_with_an_alarm_before_it_and_a_lock_after_it(bench: HubBench) -> None:
    _load(bench, OF_TRANSFERS)
    session = bench.session()
    told = [_ask(bench, session) for _ in range(5)]
    assert told == ["", "", "", "quota-reached", "requester-locked"]
    assert _actions(bench) == ["quota.alarmed", "requester.locked"]
    rules = sorted(row["rule"] for row in bench.rows("decisions"))
    quota = "institution-transfers-hour"
    assert rules == ["", "", "", f"is-not-locked: {quota}", f"is-within-quotas: {quota}"]


def test_the_renewal_of_a_grant_does_not_count(bench: HubBench, clock: Clock) -> None:
    _load(bench, replace(OF_TRANSFERS, limit=1, alarm=1))
    session, transfer = bench.session(), uuid4()
    told = []
    for _ in range(4):
        told.append(_ask(bench, session, transfer=transfer))
        clock.advance(minutes=5)
    assert told == ["", "", "", ""]
    assert _ask(bench, session) == "quota-reached"


def test_an_hour_later_it_begins_anew_and_a_quota_need_not_lock(bench: HubBench, clock: Clock) -> None:
    _load(bench, replace(OF_TRANSFERS, limit=1, alarm=1, locks=False))
    assert [_ask(bench, bench.session()) for _ in range(2)] == ["", "quota-reached"]
    clock.advance(hours=1)
    assert [_ask(bench, bench.session()) for _ in range(2)] == ["", "quota-reached"]
    assert _actions(bench) == ["quota.alarmed", "quota.alarmed"]


@pytest.mark.slow
def test_a04_who_tries_a_thousand_numbers_comes_to_the_quota_and_learns_the_same_until_then(bench: HubBench) -> None:
    """Two of the numbers exist, one before the limit and one after it; the asker holds the document of neither."""
    _load(bench, replace(BY_USER, limit=50, alarm=40))
    session = bench.session()
    numbers = [LinkId(str(UUID(int=number))) for number in range(1, 1001)]
    _links(bench, 25, 925)
    spoilt = {"document_digest": wishes.Sha256("0" * 64)}
    told = [_ask(bench, session, link=link, **spoilt) for link in numbers]
    assert told == ["link-not-permitted"] * 50 + ["quota-reached"] + ["requester-locked"] * 949
    [event] = [it for it in bench.database.events_after(PRACTICE, 0) if it.topic == "quota.alarmed"]
    assert event.body == {"quota": "user-links-hour", "used": 40, "limit": 50}
    assert _actions(bench) == ["quota.alarmed", "requester.locked"]
    [row] = [row for row in bench.rows("tallies") if row["counted"] == "links"]
    assert row["used"] == 50


def test_a06_a_user_who_is_locked_stops_nobody_else_of_the_institution(bench: HubBench) -> None:
    book = _load(bench, replace(BY_USER, limit=2, alarm=2))
    session, links = bench.session(), _links(bench, 1, 2, 3, 4)
    assert [_ask(bench, session, link=link) for link in links[:3]] == ["", "", "quota-reached"]
    assert _ask(bench, session, link=links[0]) == "requester-locked"
    assert _ask(bench, session, link=links[3], user="Dr. Grün") == ""
    [(requester, lock)] = book.locks()
    assert (requester, lock.who, lock.quota) == (PRACTICE, BY_RECORD.user, "user-links-hour")
    assert "Weiß" not in str(bench.trail())


def test_a06_a_lock_is_audited_and_lifted_once_by_an_operator(bench: HubBench, clock: Clock) -> None:
    book = _load(bench, replace(OF_TRANSFERS, limit=1, alarm=1))
    session = bench.session()
    assert [_ask(bench, session) for _ in range(3)] == ["", "quota-reached", "requester-locked"]
    [(requester, lock)] = book.locks()
    assert book.lift(requester, lock.lock, user="operator", at=clock())
    assert not book.lift(requester, lock.lock, user="operator", at=clock())
    assert bench.trail()[-1] == (
        "requester.unlocked",
        {"lock": str(lock.lock), "quota": "institution-transfers-hour", "user": "operator"},
    )
    assert (_ask(bench, session), book.locks()) == ("", []), "what was counted begins anew"
    assert _ask(bench, session) == "quota-reached"


def test_a_request_without_a_user_counts_for_the_institution_only(bench: HubBench) -> None:
    _load(bench, replace(BY_USER, limit=1, alarm=1))
    session, links = bench.session(), _links(bench, 1, 2, 3)
    assert {_ask(bench, session, link=link, user="") for link in links} == {""}


def test_counts_that_are_old_are_forgotten(bench: HubBench, clock: Clock) -> None:
    _ask(bench, bench.session())
    assert bench.rows("tallies")
    clock.time += KEPT + timedelta(days=1)
    resolve.issue_nonce(bench.resolver, bench.caller)
    assert (bench.rows("tallies"), bench.rows("uses")) == ([], [])


def test_of_many_who_ask_at_once_over_two_databases_no_more_are_granted_than_the_quota_lets(
    bench: HubBench, database: Database, clock: Clock
) -> None:
    """Two hub processes, each with connections of its own."""
    _load(bench, replace(OF_TRANSFERS, limit=7, alarm=7, locks=False))
    url = database.engine.url.render_as_string(hide_password=False)
    other = Database(schema.engine_of(url), read_document=documents.read, now=clock)
    try:
        session = bench.session()
        resolvers = [bench.resolver, replace(bench.resolver, store=other)]

        def ask(number: int) -> bool:
            signed = bench.signed(_wish(clock))
            try:
                return bool(resolve.grant(resolvers[number % 2], bench.caller, session, request=signed))
            except Denied:
                return False

        with ThreadPoolExecutor(8) as pool:
            granted = sum(pool.map(ask, range(24)))
    finally:
        other.close()
    [tally] = bench.rows("tallies")
    decided = [row for row in bench.rows("decisions") if row["reason"] is None]
    assert (granted, tally["used"], len(decided), len(bench.rows("decisions"))) == (7, 7, 7, 24)


# --- switch and policy ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hand", list(Hand))
def test_a_switch_that_is_off_stops_pulls_and_no_release_and_is_audited(bench: HubBench, hand: Hand) -> None:
    with bench.database.work(PRACTICE) as work:
        work.hub.add_offer(OFFER)
    govern.turn(bench.database, HOSPITAL, Switch(hand, False, "§ 341: nur Versand", NOW), user="operator")
    session = bench.session()
    assert _ask(bench, session) == "link-not-permitted"
    [row] = bench.rows("decisions")
    assert (row["reason"], row["rule"]) == ("pull-switched-off", f"lets-pull: {hand}")
    assert bench.grant(BY_RELEASE, session)
    said = {"hand": hand.value, "pulls": "off", "basis": "§ 341: nur Versand", "user": "operator"}
    assert bench.trail(HOSPITAL)[-1] == ("pull.switched", said)


def test_neither_hand_undoes_what_the_other_has_turned_off(bench: HubBench) -> None:
    session = bench.session()
    off = Switch(Hand.OPERATOR, False, "", NOW)
    govern.turn(bench.database, HOSPITAL, off, user="operator")
    govern.turn(bench.database, HOSPITAL, Switch(Hand.ORIGIN, True, "", NOW), user="")
    assert _ask(bench, session) == "link-not-permitted"
    govern.turn(bench.database, HOSPITAL, replace(off, pulls=True), user="operator")
    assert _ask(bench, session) == ""


def test_a_switch_of_nobody_is_refused(bench: HubBench) -> None:
    with pytest.raises(govern.UnknownParticipant):
        govern.turn(bench.database, wishes.STRANGER, Switch(Hand.OPERATOR, False, "", NOW), user="operator")


def test_a08_a_policy_over_roles_holds_from_the_next_request_on_within_the_same_session(bench: HubBench) -> None:
    session, book = bench.session(), _load(bench)
    assert _ask(bench, session) == ""
    left = book.load_policy(
        Policy(
            (
                PolicyRule("no-practices", Effect.DENY, roles=frozenset({wishes.PRACTICE_ROLE})),
                PolicyRule("no-ct", Effect.DENY, modalities=frozenset({"ct"})),
            )
        ),
        user="operator",
        at=NOW,
    )
    assert (_ask(bench, session), left) == ("link-not-permitted", ("no-ct",))
    assert {row["rule"] for row in bench.rows("decisions")} == {"", "permits-by-policy: no-practices"}
    said = {"combining": "permit-unless-denied", "names": "no-practices no-ct", "user": "operator"}
    assert bench.trail(HUB)[-1] == ("policy.changed", said)


def test_a08_a_destination_that_was_taken_away_counts_no_more_within_the_same_session(bench: HubBench) -> None:
    session = bench.session()
    assert _ask(bench, session) == ""
    bench.enrol(replace(wishes.PARTICIPANT, destinations=("NEW",)))
    assert _ask(bench, session) == "unknown-destination"


def test_where_a_person_is_needed_the_requester_is_told_that(bench: HubBench) -> None:
    _load(bench, policy=Policy((PolicyRule("ask", Effect.PERSON),)))
    with bench.database.work(PRACTICE) as work:
        work.hub.add_offer(OFFER)
    session = bench.session()
    assert (_ask(bench, session), bench.grant(BY_RELEASE, session).link) == ("needs-person", LINK)


def test_a01_l06_a_document_held_without_its_link_or_with_another_origin_opens_nothing(bench: HubBench) -> None:
    """Site A's document that names site B, or that B never registered, is refused like one that is not there."""
    bench.enrol(replace(wishes.PARTICIPANT, telematik_id=wishes.STRANGER))
    session = bench.session()
    told = {_ask(bench, session, origin=wishes.STRANGER), _ask(bench, session, origin=PRACTICE)}
    told |= {_ask(bench, session, document_digest=wishes.Sha256("1" * 64))}
    assert told == {"link-not-permitted"}


def test_l07_a_link_that_was_replaced_opens_nothing_when_its_older_document_is_shown_again(bench: HubBench) -> None:
    newer = replace(wishes.REGISTERED, link=wishes.NEWER_LINK, lock=wishes.Sha256("2" * 64))
    session = bench.session()
    assert _ask(bench, session) == ""
    with bench.database.work(HOSPITAL) as work:
        work.hub.register(newer, LINK)
    assert _ask(bench, session) == "link-not-permitted"
    assert "is-current" in {row["rule"] for row in bench.rows("decisions")}


# --- the hub's own rows -----------------------------------------------------------------------------------------------


def test_everybody_reads_the_hub_s_policy_and_nobody_else_s(bench: HubBench) -> None:
    whitelist = Policy((), Combining.DENY_OVERRIDES)
    for whose in (HUB, HOSPITAL):
        with bench.database.work(whose) as work:
            work.policies.put_policy(whitelist, NOW)
    with bench.database.work(PRACTICE) as work:
        assert work.policies.current(HUB)[0] == whitelist
        assert work.policies.current(HOSPITAL)[0] == Policy()


def test_nobody_else_writes_the_hub_s_policy(bench: HubBench, postgres: Server) -> None:
    with postgres.superuser_of(bench.database) as connection:
        found = connection.execute("SELECT polname, polcmd FROM pg_policy WHERE polrelid = 'policies'::regclass")
        assert sorted(found.fetchall()) == [("everyone_reads_the_hubs", "r"), ("own_rows", "*")]


def test_a_node_refuses_what_nobody_there_could_judge_or_count(bench: HubBench) -> None:
    node = Rulebook(HOSPITAL, bench.database)
    roles = Policy((PolicyRule("one", Effect.DENY, roles=frozenset({wishes.PRACTICE_ROLE})),))
    with pytest.raises(ValueError, match="one: a grant names neither role nor destination"):
        node.load_policy(roles, user="test", at=NOW)
    with pytest.raises(ValueError, match="user-links-hour: the hub counts transfers and links"):
        node.load_quotas([BY_USER], user="test", at=NOW)
    with pytest.raises(ValueError, match="institution-patients-day: the hub counts"):
        Rulebook(HUB, bench.database).load_quotas(
            [Quota(Whose.INSTITUTION, Counted.PATIENTS, Span.DAY, 5, 5)], user="test", at=NOW
        )
    assert (node.policy(), len(node.quotas()), bench.trail(HOSPITAL)) == (Policy(), 2, [])
