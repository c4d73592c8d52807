"""What a resolver tells over HTTP without a session: keys, and revocations as soon as there are any."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import Clock
from test_hub import RunningHub, client, hub, practice  # noqa: F401 - fixtures
from wishes import HUB, PRACTICE

from linkexchange import revoke
from linkexchange.errors import MessageFault, Revoked
from linkexchange.hub import HubClient
from linkexchange.model import keyset, told
from linkexchange.model.revocation import RevocationKind
from linkexchange.signing import verify


def revoked(hub: RunningHub) -> None:  # noqa: F811
    name = (RevocationKind.INSTITUTION, PRACTICE)
    revoke.revoke(hub.bench.database, name, "stolen", participant=PRACTICE, at=hub.bench.clock())


def heard(hub: RunningHub, client: HubClient, after: int, wait: float = 0) -> list[int]:  # noqa: F811
    proven = verify(client.revocations(after, wait), hub.bench.hub.public)
    page = told.accept(proven, issuer=HUB, after=after, now=hub.bench.clock())
    return [it.number for it in page.revocations]


def test_a_revoked_node_reads_without_a_session_that_it_is(hub: RunningHub, client: HubClient) -> None:  # noqa: F811
    assert heard(hub, client, 0) == []
    revoked(hub)
    assert heard(hub, client, 0) == [1]
    assert heard(hub, client, 1) == []


def test_t2_a_revoked_node_is_refused_at_every_door_but_hears_and_tells_how_it_ended(
    hub: RunningHub,  # noqa: F811
    client: HubClient,  # noqa: F811
) -> None:
    assert client.participants()
    revoked(hub)
    for door in (client.nonce, client.offers, client.participants):
        with pytest.raises(Revoked):
            door()
    assert heard(hub, client, 0) == [1]
    with pytest.raises(MessageFault):
        client.receipt("no proof")


def test_a_question_that_waits_is_answered_as_soon_as_there_is_one_and_after_its_time(
    hub: RunningHub,  # noqa: F811
    client: HubClient,  # noqa: F811
) -> None:
    begun = time.monotonic()
    assert heard(hub, client, 0, 1) == []
    assert time.monotonic() - begun >= 1
    with ThreadPoolExecutor(1) as other:
        waiting = other.submit(heard, hub, client, 0, 10)
        time.sleep(0.2)
        begun = time.monotonic()
        revoked(hub)
        assert waiting.result(20) == [1]
        assert time.monotonic() - begun < 9


def test_the_key_set_is_signed_by_the_key_that_signs_grants(hub: RunningHub, client: HubClient, clock: Clock) -> None:  # noqa: F811
    [signed] = client.keys()
    key_set = keyset.accept(verify(signed, hub.bench.hub.public), issuer=HUB, now=clock(), newest=None)
    assert set(key_set.keys.keys) == {hub.bench.hub.kid}


@pytest.mark.parametrize("after", [-1, 2**63])
def test_a_number_that_is_none_is_refused(client: HubClient, after: int) -> None:  # noqa: F811
    with pytest.raises(MessageFault):
        client.revocations(after, 0)
