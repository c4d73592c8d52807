"""Keys for grants: made once, for this user only, and printed for whoever pins them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from linkexchange import bootstrap
from linkexchange.commands import main
from linkexchange.signing import PublicKeys, verify


def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["linkexchange", "grant-key", *words])
    with pytest.raises(SystemExit) as end:
        main()
    said = capsys.readouterr()
    return int(end.value.code or 0), said.out + said.err


def test_a_key_is_made_once_and_whoever_pins_it_believes_what_it_signs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "next.key"
    status, printed = typed(monkeypatch, capsys, str(file))
    assert (status, file.stat().st_mode & 0o777) == (0, 0o600)
    assert typed(monkeypatch, capsys, str(file)) == (0, printed)
    signer = bootstrap.grant_signer(file)
    pinned = PublicKeys.from_jwks(printed)
    assert verify(signer.sign({}, typ="t"), pinned).kid == signer.kid == str(signer.key.thumbprint())
    assert '"d"' not in printed


def test_what_cannot_be_made_or_is_no_key_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = typed(monkeypatch, capsys, str(tmp_path / "none" / "next.key"))
    assert (status, "FILE" in said) == (2, True)
    (tmp_path / "other").write_text("no key")
    status, said = typed(monkeypatch, capsys, str(tmp_path / "other"))
    assert (status, "not an unencrypted private key" in said) == (2, True)
