from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import wishes
from conftest import Clock, Server, open_database
from hub_bench import HubBench, caller_of, signer
from simulated_ti import make_pki
from simulated_trust import TrustedPlace
from sqlalchemy.exc import ProgrammingError
from wishes import BY_RECORD, BY_RELEASE, HOSPITAL, HUB, INSTITUTION, LINK, NOW, OFFER, PRACTICE, STRANGER

from linkexchange import resolve
from linkexchange.errors import Denied, IdentityRefused, MessageFault
from linkexchange.model import participant
from linkexchange.model.access import Reason
from linkexchange.model.grant import LIFETIME, TYP, Grant
from linkexchange.model.identifiers import Sha256
from linkexchange.model.participant import Institution, Participant
from linkexchange.model.policy import Effect, Policy, PolicyRule
from linkexchange.model.quota import Counted, Quota, Span, Whose
from linkexchange.model.request import TYP as REQUEST_TYP
from linkexchange.model.request import Request
from linkexchange.model.switch import Hand, Switch
from linkexchange.resolve import NONCE_LIFETIME, SESSION_LIFETIME, Caller
from linkexchange.signing import verify
from linkexchange.store.work import Database
from linkexchange.ti import AttestationVerifier, AttestingCard
from ti_adapter.simulator.shape import HOSPITAL as HOSPITAL_SHAPE
from ti_adapter.simulator.shape import SimulatedInstitution

OTHER_LINK = wishes.NEWER_LINK


@pytest.fixture
def bench(database: Database, clock: Clock) -> HubBench:
    return HubBench(database, clock)


def _denied(bench: HubBench, request: Request) -> str:
    with pytest.raises(Denied) as denied:
        bench.grant(request)
    return denied.value.detail


def _refused(bench: HubBench, caller: Caller, nonce: str) -> tuple[str, str]:
    """What the node learns, and what the trail keeps."""
    with pytest.raises(IdentityRefused) as refused:
        bench.open(caller, nonce)
    action, fields = bench.trail(caller.telematik_id)[-1]
    assert action == "session.refused"
    return refused.value.detail, fields["reason"]


# --- nonces and sessions ----------------------------------------------------------------------------------------------


def test_a_session_is_opened_with_a_fresh_nonce_and_lasts_half_an_hour(bench: HubBench) -> None:
    session = bench.open(bench.caller, resolve.issue_nonce(bench.resolver, bench.caller))
    assert session.expires == NOW + SESSION_LIFETIME
    assert bench.trail() == [("nonce.issued", {}), ("session.opened", {"role": wishes.PRACTICE_ROLE})]


def test_nonces_and_sessions_are_kept_as_digests_only(bench: HubBench) -> None:
    secret = bench.session()
    nonce = resolve.issue_nonce(bench.resolver, bench.caller)
    rows = [*bench.rows("nonces"), *bench.rows("sessions")]
    kept = {row.get("nonce_digest") or row.get("secret_digest") for row in rows}
    assert kept == {hashlib.sha256(text.encode()).hexdigest() for text in (nonce, secret)}


def test_a_nonce_is_used_once(bench: HubBench) -> None:
    nonce = resolve.issue_nonce(bench.resolver, bench.caller)
    bench.open(bench.caller, nonce)
    assert _refused(bench, bench.caller, nonce) == ("nonce", "nonce")


def test_of_two_who_use_one_nonce_at_the_same_time_one_is_refused(bench: HubBench) -> None:
    nonce = resolve.issue_nonce(bench.resolver, bench.caller)
    with ThreadPoolExecutor(4) as pool:
        attempts = [pool.submit(bench.open, bench.caller, nonce) for _ in range(4)]
    assert sorted(attempt.exception() is None for attempt in attempts) == [False, False, False, True]
    assert len(bench.rows("sessions")) == 1


def test_a_nonce_of_another_participant_does_not_count(bench: HubBench) -> None:
    bench.enrol(Participant(STRANGER, "Fremde Praxis", "https://stranger.example"))
    theirs = resolve.issue_nonce(bench.resolver, caller_of())
    assert _refused(bench, bench.caller, theirs) == ("nonce", "nonce")


def test_a_nonce_ends_after_a_minute(bench: HubBench, clock: Clock) -> None:
    nonce = resolve.issue_nonce(bench.resolver, bench.caller)
    clock.time += NONCE_LIFETIME
    assert _refused(bench, bench.caller, nonce) == ("nonce", "nonce")


def test_a_nonce_that_was_never_issued_does_not_count(bench: HubBench) -> None:
    assert _refused(bench, bench.caller, "A" * 43) == ("nonce", "nonce")


def test_a_nonce_is_not_lost_to_whoever_is_refused_for_another_reason(bench: HubBench) -> None:
    nonce = resolve.issue_nonce(bench.resolver, bench.caller)
    bench.card = IdentityRefused("step 9: binding")
    _refused(bench, bench.caller, nonce)
    bench.card = INSTITUTION
    assert bench.open(bench.caller, nonce)


@pytest.mark.parametrize(
    ("card", "public", "written"),
    [
        (IdentityRefused("step 5: signature"), "", "step 5: signature"),
        (replace(INSTITUTION, telematik_id=STRANGER), "", "card and TLS certificate differ"),
        (replace(INSTITUTION, profession_oid=wishes.PHARMACY_ROLE), "role-not-permitted", "role-not-permitted"),
    ],
    ids=["forged", "card of another", "role"],
)
def test_t1_a_card_that_does_not_count_opens_nothing_and_the_trail_says_why(
    bench: HubBench, card: Institution | IdentityRefused, public: str, written: str
) -> None:
    nonce = resolve.issue_nonce(bench.resolver, bench.caller)
    bench.card = card
    assert _refused(bench, bench.caller, nonce) == (public, written)
    assert bench.rows("sessions") == []


def test_an_institution_that_is_not_enrolled_opens_nothing(bench: HubBench) -> None:
    stranger = caller_of()
    bench.card = replace(INSTITUTION, telematik_id=STRANGER)
    nonce = resolve.issue_nonce(bench.resolver, stranger)
    assert _refused(bench, stranger, nonce) == ("unknown-institution", "unknown-institution")


def test_nonces_and_sessions_that_have_ended_are_swept(bench: HubBench, clock: Clock) -> None:
    bench.session()
    resolve.issue_nonce(bench.resolver, bench.caller)
    clock.time += SESSION_LIFETIME
    resolve.issue_nonce(bench.resolver, bench.caller)
    assert (len(bench.rows("nonces")), len(bench.rows("sessions"))) == (1, 0)


def _of_another_certificate(bench: HubBench) -> str:
    secret = bench.session()
    bench.caller = replace(bench.caller, thumbprint="the renewed certificate")
    return secret


def _of_another_participant(bench: HubBench) -> str:
    bench.enrol(Participant(STRANGER, "Fremde Praxis", "https://stranger.example"))
    bench.card = replace(INSTITUTION, telematik_id=STRANGER)
    return bench.session(caller_of(thumbprint=bench.caller.thumbprint))


def _that_has_ended(bench: HubBench) -> str:
    secret = bench.session()
    bench.clock.time += SESSION_LIFETIME
    return secret


@pytest.mark.parametrize(
    "session", [_of_another_certificate, _of_another_participant, _that_has_ended, lambda _: "", lambda _: "\x00"]
)
def test_t8_a_session_that_is_not_open_here_grants_nothing(bench: HubBench, session: Callable[[HubBench], str]) -> None:
    secret = session(bench)
    with pytest.raises(IdentityRefused) as refused:
        bench.grant(replace(BY_RECORD, asked=bench.clock(), read_at=bench.clock()), secret)
    assert refused.value.detail == "session"
    assert bench.trail()[-1] == ("pull.denied", {"reason": "session"})
    assert bench.rows("decisions") == []


# --- grants -----------------------------------------------------------------------------------------------------------


def test_a_grant_says_exactly_what_was_decided(bench: HubBench) -> None:
    granted = bench.grant(BY_RECORD)
    assert granted == Grant(
        grant=granted.grant,
        transfer=BY_RECORD.transfer,
        requester=PRACTICE,
        origin=HOSPITAL,
        link=LINK,
        study=wishes.STUDY,
        manifest_digest=wishes.MANIFEST_DIGEST,
        authority=BY_RECORD.authority,
        purpose=BY_RECORD.purpose,
        thumbprint=bench.caller.thumbprint,
        issued=NOW,
    )


def test_the_token_of_a_grant_holds_these_claims_and_no_other(bench: HubBench) -> None:
    token = resolve.grant(bench.resolver, bench.caller, bench.session(), request=bench.signed(BY_RECORD))
    proven = verify(token, bench.hub.public)
    begin = int(NOW.timestamp())
    assert (proven.typ, {**proven.claims, "jti": ""}) == (
        TYP,
        {
            "iss": HUB,
            "sub": PRACTICE,
            "aud": HOSPITAL,
            "jti": "",
            "iat": begin,
            "exp": begin + int(LIFETIME.total_seconds()),
            "cnf": {"x5t#S256": bench.caller.thumbprint},
            "transfer": str(BY_RECORD.transfer),
            "link": LINK,
            "study": wishes.STUDY,
            "manifest_sha256": wishes.MANIFEST_DIGEST,
            "authority": "record",
            "purpose": "TREAT",
        },
    )


def test_an_offer_is_authority_enough(bench: HubBench) -> None:
    with bench.database.work(PRACTICE) as work:
        work.hub.add_offer(OFFER)
    assert bench.grant(BY_RELEASE).authority is BY_RELEASE.authority


def test_a_grant_is_renewed_within_the_same_session_and_is_another(bench: HubBench, clock: Clock) -> None:
    session = bench.session()
    first = bench.grant(BY_RECORD, session)
    clock.advance(minutes=4)
    again = bench.grant(replace(BY_RECORD, asked=clock(), read_at=clock()), session)
    assert (again.transfer, again.grant == first.grant) == (first.transfer, False)


def test_decision_audit_entry_and_event_of_a_grant_are_kept(bench: HubBench) -> None:
    bench.grant(BY_RECORD)
    (decision,) = bench.rows("decisions")
    assert {**decision, "decision": None} == {
        "participant": PRACTICE,
        "decision": None,
        "transfer": BY_RECORD.transfer,
        "origin": HOSPITAL,
        "link": LINK,
        "inputs": {
            "authority": "record",
            "purpose": "TREAT",
            "destination": "PACS",
            "offer": "",
            "user": BY_RECORD.user,
            "read_at": BY_RECORD.read_at.isoformat(),
        },
        "request": decision["request"],
        "reason": None,
        "at": NOW,
        "rule": "",
        "facts": decision["facts"],
    }
    assert bench.trail()[-1] == ("pull.granted", _audited(BY_RECORD, "", "") | {"decision": str(decision["decision"])})
    (event,) = bench.database.events_after(PRACTICE, 0)
    assert (event.topic, event.body["reason"]) == ("pull.granted", "")


def test_a_decision_keeps_all_that_it_has_looked_at(bench: HubBench) -> None:
    policy = Policy((PolicyRule("at-night", Effect.DENY, why="only by day", modalities=frozenset({"ct"})),))
    with bench.database.work(participant.HUB) as work:
        work.policies.put_policy(policy, NOW)
        work.policies.put_quotas([Quota(Whose.USER, Counted.LINKS, Span.DAY, 10, 8)], NOW)
    with bench.database.work(HOSPITAL) as work:
        work.switches.turn(Switch(Hand.ORIGIN, True, "", NOW))
    bench.grant(BY_RECORD)
    (decision,) = bench.rows("decisions")
    assert decision["facts"] == {
        "role": wishes.PRACTICE_ROLE,
        "enrolled": True,
        "destinations": ["PACS"],
        "link": {"status": "available", "replaced": False, "expires": wishes.REGISTERED.expires.isoformat()},
        "offer": None,
        "left": ["at-night"],
        "switches": [{"hand": "origin", "pulls": True, "basis": ""}],
        "policy": "permit-unless-denied",
        "opinions": [
            {
                "rule": "at-night",
                "effect": "deny",
                "why": "only by day",
                "applies": None,
                "findings": {"modalities": None},
            }
        ],
        "lock": None,
        "quotas": [{"quota": "user-links-day", "used": 0, "limit": 10}],
    }


def _audited(request: Request, reason: str, rule: str) -> dict[str, str]:
    return {
        "transfer": str(request.transfer),
        "origin": request.origin,
        "link": request.link,
        "authority": request.authority.value,
        "reason": reason,
        "rule": rule,
    }


def _withdraw(bench: HubBench) -> None:
    with bench.database.work(HOSPITAL) as work:
        work.hub.withdraw(LINK)


def _replace_link(bench: HubBench) -> None:
    with bench.database.work(HOSPITAL) as work:
        work.hub.register(replace(wishes.REGISTERED, link=OTHER_LINK), LINK)


def _offer(**change: object) -> Callable[[HubBench], None]:
    def make(bench: HubBench) -> None:
        made = replace(OFFER, **change)
        with bench.database.work(made.receiver) as work:
            work.hub.add_offer(made)

    return make


def _move_destination(bench: HubBench) -> None:
    bench.enrol(replace(wishes.PARTICIPANT, destinations=("NEW",)))


DENIALS: dict[str, tuple[Request, Callable[[HubBench], None], str]] = {
    "digest of another document": (
        replace(BY_RECORD, document_digest=Sha256("0" * 64)),
        lambda _: None,
        "link-not-permitted",
    ),
    "no such link": (replace(BY_RECORD, link=OTHER_LINK), lambda _: None, "link-not-permitted"),
    "link of another origin": (replace(BY_RECORD, origin=STRANGER), lambda _: None, "link-not-permitted"),
    "link withdrawn": (BY_RECORD, _withdraw, "link-withdrawn"),
    "link replaced": (BY_RECORD, _replace_link, "link-withdrawn"),
    "destination of another": (replace(BY_RECORD, destination="ARCHIV"), lambda _: None, "unknown-destination"),
    "destination of yesterday": (BY_RECORD, _move_destination, "unknown-destination"),
    "read too long ago": (
        replace(BY_RECORD, read_at=NOW - timedelta(seconds=61)),
        lambda _: None,
        "document-read-too-long-ago",
    ),
    "no offer": (BY_RELEASE, lambda _: None, "link-not-permitted"),
    "offer to another": (BY_RELEASE, _offer(receiver=STRANGER), "link-not-permitted"),
    "offer of another": (BY_RELEASE, _offer(sender=STRANGER), "link-not-permitted"),
    "offer for another link": (BY_RELEASE, _offer(link=OTHER_LINK), "link-not-permitted"),
    "offered link withdrawn": (BY_RELEASE, lambda bench: (_offer()(bench), _withdraw(bench))[0], "link-withdrawn"),
}


@pytest.mark.parametrize("case", DENIALS)
def test_every_denial_is_decided_written_down_and_told_with_its_public_reason(bench: HubBench, case: str) -> None:
    request, prepare, reason = DENIALS[case]
    prepare(bench)
    assert _denied(bench, request) == Reason(reason).public
    [row] = bench.rows("decisions")
    assert (row["transfer"], row["reason"]) == (request.transfer, reason)
    audited = _audited(request, reason, row["rule"]) | {"decision": str(row["decision"])}
    assert bench.trail()[-1] == ("pull.denied", audited)
    (event,) = bench.database.events_after(PRACTICE, 0)
    assert (event.topic, event.body["reason"]) == ("pull.denied", reason)


def test_a_link_that_has_expired_is_denied(bench: HubBench, clock: Clock) -> None:
    clock.time = wishes.REGISTERED.expires
    late = replace(BY_RECORD, asked=clock(), read_at=clock())
    assert _denied(bench, late) == "link-not-permitted"
    [row] = bench.rows("decisions")
    audited = _audited(late, "link-expired", "is-unexpired") | {"decision": str(row["decision"])}
    assert bench.trail()[-1] == ("pull.denied", audited)


def test_an_institution_that_has_left_the_network_is_denied_within_its_session(
    bench: HubBench, postgres: Server
) -> None:
    session = bench.session()
    bench.alter(postgres, f"DELETE FROM directory WHERE participant = '{PRACTICE}'")
    with pytest.raises(Denied, match="unknown-institution"):
        bench.grant(BY_RECORD, session)


def test_a_08_a_role_that_no_longer_counts_is_denied_within_its_session(bench: HubBench, postgres: Server) -> None:
    session = bench.session()
    bench.alter(postgres, f"UPDATE sessions SET profession_oid = '{wishes.PHARMACY_ROLE}'")
    with pytest.raises(Denied, match="role-not-permitted"):
        bench.grant(BY_RECORD, session)


def test_r10_a_link_that_does_not_exist_and_one_that_is_not_held_look_the_same(bench: HubBench) -> None:
    unknown = _denied(bench, replace(BY_RECORD, link=OTHER_LINK))
    assert unknown == _denied(bench, replace(BY_RECORD, document_digest=Sha256("0" * 64)))


def test_r7_without_an_audit_entry_there_is_neither_a_decision_nor_a_grant(
    postgres: Server, database_url: str, clock: Clock
) -> None:
    with open_database(database_url, clock) as spoilt:
        bench = HubBench(spoilt, clock)
        session = bench.session()
        bench.alter(postgres, "REVOKE INSERT ON audit FROM linkexchange_serve")
        with pytest.raises(ProgrammingError):
            bench.grant(BY_RECORD, session)
        assert (bench.rows("decisions"), spoilt.events_after(PRACTICE, 0)) == ([], [])


FORGERIES: dict[str, tuple[Callable[[HubBench], str], str]] = {
    "other key": (lambda _: signer("practice").sign(BY_RECORD.claims(HUB), typ=REQUEST_TYP), "step 5: signature"),
    "the hub's key": (lambda it: it.hub.sign(BY_RECORD.claims(HUB), typ=REQUEST_TYP), "step 4: unknown key"),
    "other type": (lambda it: it.node.sign(BY_RECORD.claims(HUB), typ=TYP), "request, step 1: type"),
    "NUL": (lambda it: it.signed(replace(BY_RECORD, destination="\x00")), "request, step 2: claims"),
    "other audience": (lambda it: it.node.sign(BY_RECORD.claims(""), typ=REQUEST_TYP), "request, step 3: audience"),
    "other issuer": (lambda it: it.signed(replace(BY_RECORD, requester=HOSPITAL)), "request, step 4: issuer"),
    "old": (lambda it: it.signed(replace(BY_RECORD, asked=NOW - timedelta(hours=1))), "request, step 5: time"),
    "nonsense": (lambda _: "nonsense", "step 2: header"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_request_that_is_none_is_refused_and_written_down(bench: HubBench, forgery: str) -> None:
    forge, reason = FORGERIES[forgery]
    with pytest.raises(MessageFault, match=reason):
        resolve.grant(bench.resolver, bench.caller, bench.session(), request=forge(bench))
    assert bench.trail()[-1] == ("pull.denied", {"reason": reason})


def test_the_trail_of_all_this_is_one_unbroken_chain_without_names(bench: HubBench) -> None:
    bench.grant(BY_RECORD)
    _denied(bench, replace(BY_RECORD, destination="OTHER"))
    assert "Weiß" not in str(bench.trail())


def test_the_keys_that_are_told_are_that_which_signs_and_those_that_did_or_will(bench: HubBench) -> None:
    before = signer("grant-0")
    resolver = replace(bench.resolver, other_signers=(before,))
    assert resolver.signers == (bench.hub, before)
    assert resolver.keys.keys == {**bench.hub.public.keys, **before.public.keys}


# --- with a real attestation ------------------------------------------------------------------------------------------


def test_a_real_card_opens_a_session_once_and_for_its_own_node_only(
    database: Database, clock: Clock, tmp_path: Path
) -> None:
    bench = HubBench(database, clock)
    place = TrustedPlace.made(make_pki(clock()), clock, tmp_path)
    card = AttestingCard(place.card(SimulatedInstitution(PRACTICE, "Praxis am Markt")), clock)
    bench.resolver = replace(bench.resolver, believe=AttestationVerifier(place.trust(), HUB))

    def attest() -> str:
        nonce = resolve.issue_nonce(bench.resolver, bench.caller)
        return card.attest(audience=HUB, nonce=nonce, thumbprint=bench.caller.thumbprint)

    attestation = attest()
    secret = bench.open(bench.caller, attestation).secret.reveal()
    assert bench.grant(BY_RECORD, secret).link == LINK
    assert _refused(bench, bench.caller, attestation) == ("nonce", "nonce")
    thief = replace(bench.caller, thumbprint="another certificate")
    public, written = _refused(bench, thief, attest())
    assert (public, "binding" in written) == ("", True)


def test_a_real_card_of_another_pki_or_another_institution_opens_nothing(
    database: Database, clock: Clock, tmp_path: Path
) -> None:
    bench = HubBench(database, clock)
    place, lookalike = TrustedPlace.made(make_pki(clock()), clock, tmp_path), make_pki(clock())
    bench.resolver = replace(bench.resolver, believe=AttestationVerifier(place.trust(), HUB))
    cards = [
        lookalike.card(SimulatedInstitution(PRACTICE, "Praxis am Markt")),
        place.card(SimulatedInstitution(HOSPITAL, "Klinikum Süd", (HOSPITAL_SHAPE,))),
    ]
    for card in cards:
        nonce = resolve.issue_nonce(bench.resolver, bench.caller)
        token = AttestingCard(card, clock).attest(audience=HUB, nonce=nonce, thumbprint=bench.caller.thumbprint)
        public, written = _refused(bench, bench.caller, token)
        assert (public, bool(written)) == ("", True)
    assert bench.rows("sessions") == []
