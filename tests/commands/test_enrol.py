"""What `linkexchange enrol` asks for before it asks anybody; the rest is a journey (tests/journeys)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from linkexchange.commands import enrol, main

Typed = Callable[..., tuple[int, str]]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Typed:
    told = SimpleNamespace(
        telematik_id="1-2-practice",
        name="Praxis",
        node_url="https://practice.example",
        default_destination="",
        ae_title="NODE",
        receiving_titles=["NODE"],
        tls_certificate=tmp_path / "node.pem",
        tls_key=tmp_path / "node.key",
        tls_ca=tmp_path / "ca.pem",
        hub_keys=tmp_path / "keys.json",
        state_folder=tmp_path,
    )
    monkeypatch.setattr(enrol, "node_settings", lambda _: told)

    def typing(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["linkexchange", "enrol", *words])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out + said.err

    return typing


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ((), "--contact"),
        (("--contact", "Tel. 1"), "--hub"),
        (("--contact", "Tel. 1", "--hub", "http://hub.example"), "--hub"),
        (("--contact", "Tel. 1", "--hub", "https://hub.example"), "--hub-ca-sha256"),
        (("--contact", "Tel. 1", "--hub", "https://hub.example", "--hub-ca-sha256", "4f:1c"), "--hub-ca-sha256"),
        (("--check",), "apply first"),
    ],
    ids=["contact", "hub", "https", "fingerprint", "short fingerprint", "nothing waits"],
)
def test_what_is_missing_is_named_before_anybody_is_asked(typed: Typed, words: tuple[str, ...], named: str) -> None:
    status, said = typed(*words)
    assert (status, named in said) == (2, True), said


def test_a_hub_that_does_not_answer_is_said_and_nothing_is_written(typed: Typed, tmp_path: Path) -> None:
    asked = ("--contact", "Tel. 1", "--hub", "https://127.0.0.1:9", "--hub-ca-sha256", ":".join(["4F"] * 32))
    status, said = typed(*asked)
    assert (status, "The hub does not answer" in said) == (1, True), said
    assert list(tmp_path.iterdir()) == []
