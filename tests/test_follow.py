"""A node follows its resolver: it hears what is revoked, learns keys, and a running pull stops truthfully."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from threading import Event
from types import SimpleNamespace
from uuid import UUID

import pytest
from conftest import Clock
from hub_bench import signer
from mounted_hub import MountedHub
from pull.test_stopping import stored, until
from world import HOSPITAL, HUB_URL, PRACTICE, OpenWire, World, data_set

from linkexchange import documents, follow, pull, revoke
from linkexchange.attest import AttestedSessions
from linkexchange.errors import GrantRefused, HubUnavailable, MessageFault, PacsUnavailable, Revoked
from linkexchange.follow import KEYS_AGE, Follower, LearntKeys
from linkexchange.hub import RememberingHubClient
from linkexchange.model.grant import LIFETIME
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.keyset import GRACE
from linkexchange.model.participant import Participant
from linkexchange.model.revocation import Revocable, Revocation, RevocationKind
from linkexchange.model.transfer import State
from linkexchange.ports import ResolverAccess, ResolverNews
from linkexchange.signing import PublicKeys, Signer, verify


def follower(world: World, me: TelematikId = PRACTICE, pinned: PublicKeys | None = None) -> Follower:
    hub = getattr(world, "hospital" if me == HOSPITAL else "practice").hub
    return Follower(me, HUB_URL, hub, world.nodes, pinned or world.resolver.signer.public, world.clock)


def revoked(world: World, *name: str, whose: TelematikId = PRACTICE) -> None:
    kind, value = name
    revoke.revoke(world.resolver.store, (RevocationKind(kind), value), "test", participant=whose, at=world.clock())


# --- hearing ----------------------------------------------------------------------------------------------------------


def test_a_node_hears_all_that_is_revoked_once_and_writes_it_down(world: World) -> None:
    for number in range(120):
        revoked(world, "link", str(UUID(int=number)), whose=HOSPITAL)
    follows = follower(world)
    assert [follows.round(0) for _ in range(4)] == [50, 50, 20, 0]
    heard = [action for action in world.actions(world.nodes) if action == "revocation.heard"]
    assert len(heard) == 120
    with world.nodes.work(PRACTICE) as work:
        assert work.revocations.heard(HUB_URL) == 120
        assert work.revocations.revoked((RevocationKind.LINK, str(UUID(int=119))))
    assert world.nodes.events_after(PRACTICE, 0)[-1].topic == "revocation.heard"


class Forged:
    """A resolver in between: it changes what the real one says."""

    def __init__(self, real: ResolverNews, page: Callable[[str], str] = str) -> None:
        self.real, self.page, self.more = real, page, list[str]()

    def revocations(self, after: int, wait_seconds: float) -> str:
        return self.page(self.real.revocations(after, wait_seconds))

    def keys(self) -> Sequence[str]:
        return [*self.more, *self.real.keys()]


def test_a_page_that_another_key_has_signed_is_not_heard_and_keys_are_asked_for_next(world: World) -> None:
    revoked(world, "institution", PRACTICE)
    follows, hub = follower(world), world.resolver.signer
    thief = signer(hub.kid)

    def resigned(page: str) -> str:
        it = verify(page, hub.public)
        return thief.sign(it.claims, typ=it.typ)

    follows.news = Forged(follows.news, resigned)
    with pytest.raises(MessageFault, match="step 5: signature"):
        follows.round(0)
    with world.nodes.work(PRACTICE) as work:
        assert work.revocations.heard(HUB_URL) == 0


def test_an_old_page_does_not_hide_what_came_since(world: World, clock: Clock) -> None:
    follows = follower(world)
    old = follows.news.revocations(0, 0)
    clock.advance(minutes=2)
    revoked(world, "institution", PRACTICE)
    follows.news = Forged(follows.news, lambda _: old)
    with pytest.raises(MessageFault, match="step 4"):
        follows.round(0)


def test_following_goes_on_whatever_fails(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    follows, ended, said = follower(world), Event(), []
    monkeypatch.setattr(follow, "PAUSE_SECONDS", 0)

    def page(real: str) -> str:
        said.append(real)
        if len(said) == 1:
            raise HubUnavailable
        if len(said) == 2:
            raise RuntimeError("a bug")
        ended.set()
        return real

    follows.news = Forged(follows.news, page)
    follow.keep_up(follows, ended)
    assert len(said) == 3


# --- keys -------------------------------------------------------------------------------------------------------------


def sign_with(world: World, *signers: Signer) -> None:
    """From now on the hub signs with the first, and tells of the others as well."""
    world.resolver = replace(world.resolver, signer=signers[0], other_signers=signers[1:])
    for node in (world.hospital, world.practice):
        node.hub._resolver = world.resolver  # type: ignore[attr-defined]


def believed(world: World, pinned: PublicKeys) -> set[str]:
    return set(LearntKeys(world.nodes, PRACTICE, {HUB_URL: pinned}, world.clock))


def test_a_node_learns_the_next_key_only_from_one_that_it_believes(world: World, clock: Clock) -> None:
    old, new = world.resolver.signer, signer("new")
    follows = follower(world)
    sign_with(world, new)
    with pytest.raises(MessageFault, match="signed by none"):
        follows.round(0)
    assert believed(world, old.public) == {old.kid}
    sign_with(world, old, new)
    follows.round(0)
    assert believed(world, old.public) == {old.kid, "new"}
    assert world.actions(world.nodes)[-1] == "keys.learnt"


def test_a_node_that_was_away_during_the_change_learns_from_the_key_that_no_longer_signs(world: World) -> None:
    old, new = world.resolver.signer, signer("new")
    sign_with(world, new, old)
    follower(world, pinned=old.public).round(0)
    assert believed(world, old.public) == {old.kid, "new"}


def test_keys_are_asked_for_again_after_a_while_and_gone_ones_end(world: World, clock: Clock) -> None:
    old, new = world.resolver.signer, signer("new")
    follows = follower(world)
    sign_with(world, old, new)
    follows.round(0)
    sign_with(world, new)
    follows.round(0)
    assert believed(world, old.public) == {old.kid, "new"}
    clock.time += KEYS_AGE
    follows.round(0)
    clock.time += GRACE
    assert believed(world, old.public) == {"new"}


def test_an_older_set_is_not_taken_though_a_believed_key_has_signed_it(world: World, clock: Clock) -> None:
    old, new = world.resolver.signer, signer("new")
    follows = follower(world)
    before = list(follows.news.keys())
    clock.advance(seconds=1)
    sign_with(world, old, new)
    follows.round(0)
    forged = Forged(follows.news)
    forged.more = before
    follows.news = forged
    with pytest.raises(MessageFault, match="step 4"):
        follows.learn()
    assert believed(world, old.public) == {old.kid, "new"}


def test_a_pull_runs_through_a_whole_rotation(world: World, clock: Clock) -> None:
    """Next key told, then signing, then the old one gone: each after 20 images, and the grant renewed twice."""
    old, new = world.resolver.signer, signer("new")
    pinned, kids = old.public, list[str]()
    keys = {me: PublicKeys(LearntKeys(world.nodes, me, {HUB_URL: pinned}, clock)) for me in (HOSPITAL, PRACTICE)}
    object.__setattr__(world.practice, "hub_keys", keys[PRACTICE])
    object.__setattr__(world.wire.origin, "hub_keys", keys[HOSPITAL])
    followers = [follower(world, me, pinned) for me in (HOSPITAL, PRACTICE)]
    turns = {20: (old, new), 40: (new, old), 60: (new,)}

    def status(_: object) -> int:
        if signers := turns.get(len(world.pacs[PRACTICE].sent)):
            sign_with(world, *signers)
            clock.time += LIFETIME + timedelta(seconds=1)
            for it in followers:
                it.round(0)
            for it in keys.values():
                it.keys._read = -10  # type: ignore[attr-defined] - the clock of the test moves no process's own clock
        return 0

    def noted(at: Participant, token: str) -> OpenWire:
        kids.append(json.loads(base64.urlsafe_b64decode(token.partition(".")[0] + "=="))["kid"])
        return world.wire.open(at, token)

    object.__setattr__(world.practice, "origin", noted)
    world.pacs[PRACTICE].status = status
    done = world.pull(world.publish(*(data_set(number) for number in range(1, 81))))
    assert (done.state, world.proof(done.transfer)["stored"]) == (State.COMPLETE, 80)
    assert kids == [old.kid, old.kid, "new", "new"]


# --- a running pull ---------------------------------------------------------------------------------------------------


def concerned(world: World, transfer: UUID) -> dict[str, tuple[TelematikId, Revocable]]:
    link = world.transfer(transfer).link
    assert link is not None
    return {
        "institution": (PRACTICE, (RevocationKind.INSTITUTION, PRACTICE)),
        "node": (PRACTICE, (RevocationKind.NODE, world.practice.signer.kid)),
        "link": (HOSPITAL, (RevocationKind.LINK, link)),
        "transfer": (PRACTICE, (RevocationKind.TRANSFER, str(transfer))),
        "origin": (HOSPITAL, (RevocationKind.INSTITUTION, HOSPITAL)),
    }


INSTANCES = 12


@pytest.mark.parametrize(
    ("what", "hears"),
    [
        ("institution", HOSPITAL),
        ("institution", PRACTICE),
        ("node", HOSPITAL),
        ("link", PRACTICE),
        ("transfer", HOSPITAL),
        ("origin", PRACTICE),
    ],
    ids=str,
)
def test_t2_whatever_is_revoked_in_the_middle_stops_the_pull_before_the_next_image_with_a_true_proof(
    world: World, what: str, hears: TelematikId
) -> None:
    """Each node learns it alone: the origin stops to serve, or the requester to ask, and the hub grants no more."""
    transfer = world.ask(world.publish(*(data_set(number) for number in range(1, INSTANCES + 1))))
    follows, at = follower(world, hears), 5

    def status(_: object) -> int:
        if len(world.pacs[PRACTICE].sent) == at:
            whose, (kind, value) = concerned(world, transfer)[what]
            revoked(world, kind, value, whose=whose)
            follows.round(0)
            if hears == PRACTICE:
                until(lambda: world.pacs[PRACTICE].brake.pulled)
                raise PacsUnavailable("connection ended")
        return 0

    world.pacs[PRACTICE].status = status
    pull.run(world.practice, transfer)
    row, proof = world.transfer(transfer), world.proof(transfer)
    assert row.state is State.STOPPED
    assert row.reason.partition(":")[0] in ({"revoked", "denied"} if what == "link" else {"revoked"})
    assert stored(world, transfer) == set(world.pacs[PRACTICE].instances)
    assert proof["stored"] == (at - 1 if hears == PRACTICE else at)
    assert (proof["outcome"], proof["expected"]) == ("stopped", INSTANCES)
    pull.receipt(world.practice, transfer)


def test_a_pull_that_waits_is_stopped_with_its_next_run(world: World) -> None:
    transfer = world.ask(world.publish())
    revoked(world, "institution", PRACTICE)
    follower(world).round(0)
    pull.run(world.practice, transfer)
    assert (world.transfer(transfer).state, world.transfer(transfer).reason) == (State.STOPPED, "revoked: institution")
    assert world.wire.calls == 0


def test_an_origin_serves_nothing_more_though_the_hub_is_silent(world: World, clock: Clock) -> None:
    """The grant was given before; the origin has heard, and the requester has not."""
    world.publish()
    entry = next(iter(world.held))
    token = _token(world, entry)
    origin, thumbprint = world.wire.origin, world.caller(PRACTICE).thumbprint
    grant = origin.admit(token, thumbprint)
    assert origin.still_valid(grant)
    revoked(world, "node", thumbprint)
    follower(world, HOSPITAL).round(0)
    assert not origin.still_valid(grant)
    with pytest.raises(Revoked):
        origin.admit(token, thumbprint)
    assert world.actions(world.nodes, HOSPITAL)[-1] == "serving.refused"


def test_a_grant_ends_by_itself_where_nobody_hears_anything(world: World, clock: Clock) -> None:
    world.publish()
    token = _token(world, next(iter(world.held)))
    origin, thumbprint = world.wire.origin, world.caller(PRACTICE).thumbprint
    grant = origin.admit(token, thumbprint)
    revoked(world, "node", thumbprint)
    clock.time += LIFETIME - timedelta(microseconds=1)
    assert origin.still_valid(grant)
    clock.time += timedelta(microseconds=1)
    assert not origin.still_valid(grant)
    with pytest.raises(GrantRefused, match="step 5"):
        origin.admit(token, thumbprint)


def _token(world: World, entry: str) -> str:
    """A grant as the practice gets it."""
    tokens: list[str] = []
    opened = world.wire.open
    object.__setattr__(world.practice, "origin", lambda it, token: (tokens.append(token), opened(it, token))[1])
    world.wire.cut_after = 0
    transfer = world.ask(entry)
    with pytest.raises(Exception, match=r"cut|interrupted|answer"):
        pull.run(world.practice, transfer)
    return tokens[0]


# --- without the hub --------------------------------------------------------------------------------------------------


OWN_URL = "https://hospital.test:9443"


def without_hub(world: World, *, partner: bool = True) -> Signer:
    """The hub is silent; the hospital's own resolver is mounted over its own database, and the practice knows it."""
    own = signer("own")
    resolver = replace(world.resolver, audience=OWN_URL, signer=own, store=world.nodes, house=HOSPITAL)
    with world.resolver.store.work(HOSPITAL) as work:
        everyone, link = work.directory.all(), world.held and documents.read(next(iter(world.held.values()))[1]).link
        registered = link and work.hub.link(link)
    for it in everyone:
        with world.nodes.work(it.telematik_id) as work:
            work.directory.put(it)
    with world.nodes.work(HOSPITAL) as work:
        if registered:
            work.hub.register(registered, None)
    mounted = MountedHub(resolver, world.caller(PRACTICE))
    thumbprint = world.practice.signer.kid
    sessions = AttestedSessions(
        mounted, world.cards[PRACTICE], audience=OWN_URL, thumbprint=thumbprint, now=world.clock
    )
    silent = Silent(world)
    card = world.cards[PRACTICE]
    away = AttestedSessions(silent, card, audience=HUB_URL, thumbprint=thumbprint, now=world.clock)
    partners = {HOSPITAL: ResolverAccess(OWN_URL, mounted, sessions, own.public)} if partner else {}
    world.practice = replace(world.practice, hub=silent, sessions=away, partners=partners)
    keys = {**world.wire.origin.hub_keys.keys, **own.public.keys}
    object.__setattr__(world.wire.origin, "hub_keys", PublicKeys(keys))
    return own


class Silent(RememberingHubClient):
    """The hub as a node has it, which does not answer."""

    def __init__(self, world: World) -> None:
        self._store, self._me, self._rows = world.nodes, PRACTICE, ()
        with world.nodes.work(PRACTICE) as work:
            rows = work.directory.all()
        self._kept = SimpleNamespace(newest=lambda _: rows)  # type: ignore[assignment] - as it was kept

    def _call(self, method: str, path: str, **_: object) -> None:  # type: ignore[override]
        raise HubUnavailable("ConnectError")


def test_two_sites_exchange_through_the_origin_s_resolver_and_the_receipt_waits_for_the_hub(world: World) -> None:
    entry, hub = world.publish(), world.practice.hub
    without_hub(world)
    done = world.pull(entry)
    assert (done.state, world.proof(done.transfer)["stored"]) == (State.COMPLETE, 4)
    assert "pull.granted" in world.actions(world.nodes)
    with pytest.raises(HubUnavailable):
        pull.receipt(world.practice, done.transfer)
    world.practice = replace(world.practice, hub=hub)
    pull.receipt(world.practice, done.transfer)
    assert "receipt.booked" in world.actions(world.resolver.store)  # type: ignore[arg-type]


def test_without_a_resolver_at_the_origin_a_pull_waits_for_the_hub(world: World) -> None:
    entry = world.publish()
    without_hub(world, partner=False)
    transfer = world.ask(entry)
    with pytest.raises(HubUnavailable):
        pull.run(world.practice, transfer)
    assert world.transfer(transfer).state is State.WAITING


def test_a_01_whoever_the_record_refuses_gets_nothing_from_the_origin_s_resolver_either(world: World) -> None:
    entry = world.publish()
    without_hub(world)
    world.records[PRACTICE].entitled = False
    done = world.pull(entry)
    assert (done.state, done.reason, world.wire.calls) == (State.FAILED, "not-entitled", 0)


def test_the_origin_s_resolver_grants_nothing_to_whom_the_hub_has_revoked(world: World) -> None:
    """The hospital has heard it before the hub fell silent; the practice has not."""
    entry = world.publish()
    revoked(world, "institution", PRACTICE)
    follower(world, HOSPITAL).round(0)
    without_hub(world)
    done = world.pull(entry)
    assert (done.state, done.reason, world.wire.calls) == (State.STOPPED, "revoked: institution", 0)


@pytest.mark.parametrize("what", ["institution", "node", "origin"])
def test_a_partner_s_resolver_stops_nobody_by_revoking_an_institution_or_a_node(world: World, what: str) -> None:
    transfer = world.ask(world.publish())
    names = {
        "institution": (RevocationKind.INSTITUTION, PRACTICE),
        "node": (RevocationKind.NODE, world.practice.signer.kid),
        "origin": (RevocationKind.INSTITUTION, HOSPITAL),
    }
    with world.nodes.work(PRACTICE) as work:
        work.revocations.hear(OWN_URL, [Revocation(1, *names[what], "", world.clock())], HOSPITAL)
    pull.run(world.practice, transfer)
    assert world.transfer(transfer).state is State.COMPLETE


def test_a_partner_s_resolver_stops_a_transfer_of_which_it_is_the_origin(world: World) -> None:
    """Heard as a follower hears it, in the middle: before the link is read nobody knows whose transfer it is."""
    transfer = world.ask(world.publish(*(data_set(number) for number in range(1, 6))))
    follows = replace(follower(world), partner=HOSPITAL)

    def status(_: object) -> int:
        if len(world.pacs[PRACTICE].sent) == 2:
            revoked(world, "transfer", str(transfer))
            follows.round(0)
            until(lambda: world.pacs[PRACTICE].brake.pulled)
            raise PacsUnavailable("connection ended")
        return 0

    world.pacs[PRACTICE].status = status
    pull.run(world.practice, transfer)
    assert (world.transfer(transfer).state, world.transfer(transfer).reason) == (State.STOPPED, "revoked: transfer")


def test_l07_a_link_that_was_withdrawn_is_not_granted_by_the_origin_s_resolver(world: World) -> None:
    entry = world.publish()
    without_hub(world)
    with world.nodes.work(HOSPITAL) as work:
        work.hub.withdraw(documents.read(world.held[entry][1]).link)
    done = world.pull(entry)
    assert (done.reason, world.wire.calls) == ("denied: link-not-permitted", 0)


def test_an_origin_believes_no_partner_s_resolver_but_its_own(world: World) -> None:
    """What a partner's resolver signs counts at that partner alone, whatever audience it names."""
    entry = world.publish()
    without_hub(world)
    object.__setattr__(world.wire.origin, "hub_keys", world.resolver.signer.public)
    done = world.pull(entry)
    assert done.reason.startswith("grant-refused: step 4: unknown key")


# --- by time alone ----------------------------------------------------------------------------------------------------


def test_a_01_t10_an_entitlement_that_ends_in_the_middle_stops_the_pull_when_the_grant_is_renewed(
    world: World, clock: Clock
) -> None:
    def status(_: object) -> int:
        if len(world.pacs[PRACTICE].sent) == 3:
            world.records[PRACTICE].entitled = False
        if len(world.pacs[PRACTICE].sent) == 6:
            clock.time += LIFETIME
        return 0

    world.pacs[PRACTICE].status = status
    done = world.pull(world.publish(*(data_set(number) for number in range(1, 21))))
    assert (done.state, done.reason) == (State.STOPPED, "not-entitled")
    assert world.proof(done.transfer)["stored"] == 6
    assert stored(world, done.transfer) == set(world.pacs[PRACTICE].instances)


def test_the_record_is_read_again_by_time_alone_not_by_count(world: World) -> None:
    done = world.pull(world.publish(*(data_set(number) for number in range(1, 301))))
    assert (done.state, world.records[PRACTICE].read) == (State.COMPLETE, 1)


@pytest.mark.parametrize("minutes", [-10, -60, 60, 24 * 60, -24 * 60])
def test_f21_a_clock_that_jumps_in_the_middle_ends_the_grant_early_or_in_time_and_the_pull_completes(
    world: World, clock: Clock, minutes: float
) -> None:
    """All clocks jump: no grant lives longer by it, and what has begun is asked for again under a new one."""

    def status(_: object) -> int:
        if len(world.pacs[PRACTICE].sent) == 3:
            clock.advance(minutes=minutes)
        return 0

    world.pacs[PRACTICE].status = status
    done = world.pull(world.publish(*(data_set(number) for number in range(1, 9))))
    assert (done.state, world.proof(done.transfer)["stored"]) == (State.COMPLETE, 8)
