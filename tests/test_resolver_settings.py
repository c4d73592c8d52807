"""Settings of a resolver that is mounted at a node, of partners, and of keys that rotate."""

# ruff: noqa: F811 - fixtures of another file

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from test_settings import _no_settings_from_outside, complete, key, read, refused  # noqa: F401 - fixtures

from linkexchange import checks
from linkexchange.settings import NodeSettings


@pytest.mark.parametrize("missing", ["RESOLVER_URL", "RESOLVER_KEY"])
def test_a_resolver_at_a_node_is_whole_or_not_at_all(
    missing: str, refused: Callable[..., str], complete: dict[str, str]
) -> None:
    whole = {"RESOLVER_PORT": "9443", "RESOLVER_URL": "https://a.example:9443", "RESOLVER_KEY": complete["TLS_KEY"]}
    assert refused(**{**whole, missing: None}) == f"LINKEXCHANGE_{missing}: is needed with resolver_port"


def test_partners_are_read_with_their_keys(read: Callable[..., NodeSettings]) -> None:
    entries = "5-2-a https://a.example:9443/ /keys/a.json, 5-2-b https://b.example /keys/b.json"
    first, second = read(PARTNER_RESOLVERS=entries).partners
    assert (first.partner, first.url, first.keys) == ("5-2-a", "https://a.example:9443", Path("/keys/a.json"))
    assert second.partner == "5-2-b"


@pytest.mark.parametrize(
    "entry", ["5-2-a", "5-2-a http://a.example /keys", "\x01 https://a.example /keys", "5-2-a https://a.example /k x"]
)
def test_a_partner_that_is_none_is_refused_by_the_key(entry: str, refused: Callable[..., str]) -> None:
    assert refused(PARTNER_RESOLVERS=entry).startswith("LINKEXCHANGE_PARTNER_RESOLVERS: ")


def test_keys_beside_that_others_may_read_are_refused(tmp_path: Path) -> None:
    mine, open_ = tmp_path / "mine", tmp_path / "open"
    for file, mode in ((mine, 0o600), (open_, 0o644)):
        file.write_text("key")
        file.chmod(mode)
    assert checks.private_files(f" {mine} , ") == str(mine)
    with pytest.raises(ValueError, match="0600"):
        checks.private_files(f"{mine},{open_}")
