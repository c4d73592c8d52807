"""How a node comes to believe keys: by one that it believes already; and for how long gone ones still count."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hub_bench import signer

from linkexchange.errors import MessageFault
from linkexchange.model.keyset import GRACE, MAX_AGE, TYP, KeySet, accept, believed, learn, newest
from linkexchange.model.request import CLOCK_SKEW
from linkexchange.signing import Proven, PublicKeys, Signer

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
HUB = "https://hub.example"
OLD, NEXT, LAST = (signer(name) for name in ("old", "next", "last"))


def keys(*signers: Signer) -> PublicKeys:
    return PublicKeys({kid: jwk for it in signers for kid, jwk in it.public.keys.items()})


def told(*signers: Signer, at: datetime = NOW) -> KeySet:
    return KeySet(HUB, at, keys(*signers))


def proven(it: KeySet, typ: str = TYP) -> Proven:
    return Proven(typ, "old", it.claims())


def names(known: PublicKeys) -> set[str]:
    return set(known.keys)


def test_what_a_resolver_says_is_read_back() -> None:
    read = accept(proven(told(OLD, NEXT)), issuer=HUB, now=NOW, newest=None)
    assert (read.issuer, read.issued, names(read.keys)) == (HUB, NOW, {"old", "next"})


@pytest.mark.parametrize(
    ("wrong", "step"),
    [
        (proven(told(OLD), typ="linkexchange-grant+jwt"), "step 1"),
        (Proven(TYP, "old", {**told(OLD).claims(), "more": 1}), "step 2"),
        (Proven(TYP, "old", {**told(OLD).claims(), "keys": []}), "step 2"),
        (Proven(TYP, "old", {**told(OLD).claims(), "iat": 10**30}), "step 2"),
        (proven(replace(told(OLD), issuer="https://other.example")), "step 3"),
        (proven(told(OLD, at=NOW - MAX_AGE - timedelta(seconds=1))), "step 4"),
        (proven(told(OLD, at=NOW + CLOCK_SKEW + timedelta(seconds=1))), "step 4"),
    ],
    ids=["type", "claim", "no key", "moment", "issuer", "old", "future"],
)
def test_t5_what_is_no_newer_set_of_this_resolver_is_refused_with_its_step(wrong: Proven, step: str) -> None:
    with pytest.raises(MessageFault, match=step):
        accept(wrong, issuer=HUB, now=NOW, newest=None)


@pytest.mark.parametrize("at", [NOW - MAX_AGE, NOW + CLOCK_SKEW])
def test_a_set_of_the_first_or_the_last_moment_that_is_allowed_is_taken(at: datetime) -> None:
    assert accept(proven(told(OLD, at=at)), issuer=HUB, now=NOW, newest=None).issued == at


@pytest.mark.parametrize("ago", [timedelta(0), timedelta(seconds=1)])
def test_a_set_is_not_played_back(ago: timedelta) -> None:
    with pytest.raises(MessageFault, match="step 4"):
        accept(proven(told(OLD, at=NOW - ago)), issuer=HUB, now=NOW, newest=NOW)


def test_pinned_keys_count_until_a_set_was_taken() -> None:
    assert names(believed([], keys(OLD), NOW)) == {"old"}
    assert newest([]) is None


def test_a_rotation_from_first_to_last_leaves_at_no_moment_a_grant_unbelieved() -> None:
    known = learn([], keys(OLD), told(OLD, NEXT))
    assert names(believed(known, keys(OLD), NOW)) == {"old", "next"}
    later = NOW + timedelta(days=1)
    known = learn(known, keys(OLD), told(NEXT, at=later))
    assert names(believed(known, keys(OLD), later)) == {"old", "next"}
    ended = later + GRACE
    assert names(believed(known, keys(OLD), ended - timedelta(microseconds=1))) == {"old", "next"}
    assert names(believed(known, keys(OLD), ended)) == {"next"}
    assert newest(known) == later


def test_a_pinned_key_that_no_set_has_named_counts_for_as_long_as_one_that_is_gone() -> None:
    known = learn([], keys(OLD), told(NEXT))
    assert {it.kid: (it.named, it.dropped) for it in known} == {"next": (NOW, None), "old": (NOW, NOW)}
    assert names(believed(known, keys(OLD), NOW)) == {"old", "next"}


def test_a_key_that_is_gone_stays_gone_though_it_is_pinned_and_its_end_is_not_put_off() -> None:
    known = learn([], keys(OLD), told(NEXT))
    known = learn(known, keys(OLD), told(NEXT, LAST, at=NOW + GRACE / 2))
    assert names(believed(known, keys(OLD), NOW + GRACE)) == {"next", "last"}


def test_a_key_that_comes_back_counts_again() -> None:
    known = learn([], keys(OLD), told(NEXT))
    known = learn(known, keys(OLD), told(OLD, NEXT, at=NOW + GRACE))
    assert names(believed(known, keys(OLD), NOW + 2 * GRACE)) == {"old", "next"}


def test_another_pin_counts_beside_what_was_learnt() -> None:
    """An administrator has pinned anew, since the node was away for the whole of a rotation."""
    known = learn([], keys(OLD), told(OLD))
    assert names(believed(known, keys(LAST), NOW)) == {"old", "last"}


def test_without_any_key_nothing_is_believed() -> None:
    known = learn([], keys(OLD), told(NEXT))
    gone = [replace(it, dropped=NOW) for it in known]
    assert names(believed(gone, keys(OLD), NOW + GRACE)) == set()
