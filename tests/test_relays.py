"""What settings say of the relay, and what the bootstrap makes of it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from certificates import Authority
from world import HOSPITAL, PRACTICE, World

from linkexchange import checks, processes
from linkexchange.bootstrap import relays
from linkexchange.errors import IdentityRefused, SettingRefused
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.revocation import RevocationKind
from linkexchange.revoke import revoke
from linkexchange.settings import HubSettings, NodeSettings
from linkexchange.signing import thumbprint


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", ""),
        ("Hub.Example:8445", "hub.example:8445"),
        ("192.0.2.1:1, hub.example:65535", "192.0.2.1:1,hub.example:65535"),
        ("[2001:db8::0001]:8445", "[2001:db8::1]:8445"),
    ],
)
def test_relays_are_hosts_with_ports(text: str, kept: str) -> None:
    assert checks.places(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "hub.example",
        "hub.example:",
        "hub.example:0",
        "hub.example:65536",
        "hub.example:８４４５",
        ":8445",
        "https://hub.example:8445",
        "2001:db8::1:8445",
        "[hub.example:8445",
        "hub.example:8445,",
        "192.0.2.300:8445",
        "user@hub.example:8445",
    ],
)
def test_anything_else_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(ValueError, match=r"not|brackets") as refusal:
        checks.places(text)
    assert text not in str(refusal.value)


def test_places_are_read_as_they_are_kept() -> None:
    settings = cast("NodeSettings", SimpleNamespace(relays="hub.example:8445,[2001:db8::1]:8446"))
    assert relays.relay_places(settings) == [("hub.example", 8445), ("2001:db8::1", 8446)]


def test_without_relays_all_routes_are_direct_and_nobody_waits_anywhere() -> None:
    settings = cast("NodeSettings", SimpleNamespace(relays=""))
    assert relays.standing(settings) is None
    assert relays.routes(settings, cast("Any", None), cast("Any", None)) is None


def test_a_relay_without_a_port_does_not_start() -> None:
    with pytest.raises(SettingRefused, match="RELAY_PORT"):
        processes.relay(cast("HubSettings", SimpleNamespace(relay_port=0)))


def test_what_participants_may_take_stands_in_the_settings() -> None:
    wanted = {"relay_streams": 3, "relay_bytes_per_second": 2000, "relay_participant_bytes_per_second": 1000}
    rules = relays.relay_rules(cast("HubSettings", SimpleNamespace(**wanted)))
    assert (rules.limits.streams, rules.pace.whole, rules.pace.participant) == (3, 2000, 1000)


def test_whoever_stands_in_the_directory_is_let_in(world: World, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    admit = relays.enrolled(world.resolver.store)
    assert [admit(authority.node(who).der) for who in (HOSPITAL, PRACTICE)] == [HOSPITAL, PRACTICE]


def test_a_certificate_of_nobody_in_the_directory_is_not(world: World, tmp_path: Path) -> None:
    admit = relays.enrolled(world.resolver.store)
    with pytest.raises(IdentityRefused, match="not enrolled"):
        admit(Authority(tmp_path).node(TelematikId("1-2-stranger")).der)


@pytest.mark.parametrize("kind", [RevocationKind.INSTITUTION, RevocationKind.NODE])
def test_what_is_revoked_is_not_let_in_from_now_on(world: World, tmp_path: Path, kind: RevocationKind) -> None:
    certificate, store = Authority(tmp_path).node(PRACTICE).der, world.resolver.store
    admit = relays.enrolled(store)
    assert admit(certificate) == PRACTICE
    name = {RevocationKind.INSTITUTION: PRACTICE, RevocationKind.NODE: thumbprint(certificate)}[kind]
    revoke(store, (kind, name), "a test", participant=PRACTICE, at=world.clock())
    with pytest.raises(IdentityRefused, match="revoked"):
        admit(certificate)


@pytest.mark.parametrize(
    "uris",
    [
        [],
        ["urn:linkexchange:hub"],
        [HOSPITAL.uri, PRACTICE.uri],
        [TelematikId.urn + "no%20id"],
    ],
    ids=len,
)
def test_i_12_a_certificate_that_does_not_name_one_participant_is_not(
    world: World, tmp_path: Path, uris: list[str]
) -> None:
    admit = relays.enrolled(world.resolver.store)
    with pytest.raises(IdentityRefused):
        admit(Authority(tmp_path).issue(uris, host="localhost").der)
