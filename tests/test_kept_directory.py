"""The directory that a node keeps: what counts when the hub is silent, lies, or plays an old one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import Clock
from hub_bench import signer
from structlog.testing import capture_logs

from linkexchange.errors import HubUnavailable, IdentityRefused
from linkexchange.kept_directory import KeptDirectory
from linkexchange.model.directory import KEPT_FOR, TYP, Snapshot
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.participant import Participant

HUB = "https://hub.example"
GRANTS, OTHER = signer("grant-1"), signer("grant-1")
A, B = (Participant(TelematikId(f"1-2-{name}"), name, f"https://{name}.example") for name in "ab")


class Bench:
    def __init__(self, clock: Clock, file: Path) -> None:
        self.clock, self.file = clock, file
        self.kept = self.begun()

    def begun(self) -> KeptDirectory:
        """As a process has it that has just begun."""
        return KeptDirectory(GRANTS.public, issuer=HUB, file=self.file, now=self.clock)

    def said(self, *participants: Participant, ago: float = 0.0, by: object = GRANTS) -> Callable[[], str]:
        taken = Snapshot.of(participants, self.clock() - timedelta(seconds=ago))
        return lambda: by.sign(taken.claims(HUB), typ=TYP)  # type: ignore[attr-defined, no-any-return]


def silent() -> str:
    raise HubUnavailable("ConnectError")


@pytest.fixture
def bench(clock: Clock, tmp_path: Path) -> Bench:
    return Bench(clock, tmp_path / "directory.jws")


def test_what_the_hub_says_counts_and_is_kept_over_a_restart(bench: Bench) -> None:
    assert list(bench.kept.newest(bench.said(A, B))) == [A, B]
    with capture_logs() as logs:
        assert list(bench.begun().newest(silent)) == [A, B]
    assert [it["why"] for it in logs] == ["ConnectError"]


def test_without_anything_kept_a_silent_hub_is_a_silent_hub(bench: Bench) -> None:
    with pytest.raises(HubUnavailable, match="ConnectError"):
        bench.kept.newest(silent)


def test_what_is_kept_counts_for_a_week(bench: Bench) -> None:
    bench.kept.newest(bench.said(A))
    bench.clock.advance(seconds=KEPT_FOR.total_seconds())
    assert list(bench.kept.newest(silent)) == [A]
    bench.clock.advance(seconds=1)
    for kept in (bench.kept, bench.begun()):
        with pytest.raises(HubUnavailable):
            kept.newest(silent)


def test_an_older_one_is_a_replay_also_after_a_restart(bench: Bench) -> None:
    bench.kept.newest(bench.said(A))
    old = bench.said(A, B, ago=1)
    for kept in (bench.kept, bench.begun()):
        with capture_logs() as logs:
            assert list(kept.newest(old)) == [A]
        assert "step 5" in logs[0]["why"]


def test_one_that_another_key_has_signed_is_not_believed(bench: Bench) -> None:
    with pytest.raises(HubUnavailable, match="step 5: signature"):
        bench.kept.newest(bench.said(A, by=OTHER))
    bench.kept.newest(bench.said(A))
    assert list(bench.kept.newest(bench.said(B, by=OTHER))) == [A]


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff\xfe", b"a.b.c"])
def test_a_file_that_somebody_has_spoiled_is_as_none(bench: Bench, content: bytes) -> None:
    bench.kept.newest(bench.said(A))
    bench.file.write_bytes(content)
    with pytest.raises(HubUnavailable):
        bench.begun().newest(silent)


def test_a_hub_that_refuses_this_node_is_not_silent(bench: Bench) -> None:
    def refuse() -> str:
        raise IdentityRefused("revoked")

    bench.kept.newest(bench.said(A))
    with pytest.raises(IdentityRefused):
        bench.kept.newest(refuse)


def test_the_file_is_written_when_somebody_comes_or_goes_and_else_every_ten_minutes(bench: Bench) -> None:
    bench.kept.newest(bench.said(A))
    written = bench.file.read_bytes()
    bench.clock.advance(minutes=9)
    bench.kept.newest(bench.said(A))
    assert bench.file.read_bytes() == written
    bench.clock.advance(minutes=11)
    bench.kept.newest(bench.said(A))
    assert bench.file.read_bytes() != written
    written = bench.file.read_bytes()
    bench.kept.newest(bench.said(A, B))
    assert bench.file.read_bytes() != written


def test_a_folder_that_takes_no_file_does_no_harm(clock: Clock, tmp_path: Path) -> None:
    bench = Bench(clock, tmp_path / "nowhere/directory.jws")
    with capture_logs() as logs:
        assert list(bench.kept.newest(bench.said(A))) == [A]
    assert [it["event"] for it in logs] == ["directory not kept"]
    assert list(bench.kept.newest(silent)) == [A], "this process knows it all the same"
