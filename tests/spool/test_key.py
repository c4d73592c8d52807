from __future__ import annotations

import base64
from pathlib import Path

import pytest

from linkexchange.errors import SettingRefused
from linkexchange.spool import read_key

KEY = bytes(range(32))


@pytest.mark.parametrize("content", [KEY, base64.b64encode(KEY), base64.b64encode(KEY) + b"\n"])
def test_a_key_is_read_raw_or_in_base64(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(content)
    assert read_key(tmp_path / "key") == KEY


@pytest.mark.parametrize("content", [b"", KEY[:31], KEY + b"\n", bytes(32), base64.b64encode(KEY[:16]), b"s3cret" * 9])
def test_anything_else_is_refused_and_not_repeated(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(SettingRefused, match="SPOOL_KEY") as refused:
        read_key(tmp_path / "key")
    assert "s3cret" not in str(refused.value)


def test_a_key_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingRefused, match="SPOOL_KEY: the file cannot be read"):
        read_key(tmp_path / "key")
