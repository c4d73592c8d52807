"""The hub's CA as settings name it: what would not be believed stops the start, with the name of the key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from linkexchange.bootstrap.keys import authority
from linkexchange.certificates import LIFETIME, Authority, key_pem, new_key, pem_of
from linkexchange.errors import SettingRefused
from linkexchange.settings import HubSettings, load

CA = Authority.founded("hub CA", datetime.now(UTC), LIFETIME)
OTHER = Authority.founded("hub CA", datetime.now(UTC), LIFETIME)
LEAF = CA.issue(new_key().public_key(), uri="urn:x", host="hub.example", now=datetime.now(UTC), lifetime=timedelta(1))


@pytest.fixture
def told(tmp_path: Path) -> dict[str, Any]:
    """Settings of a hub with a CA, as a file has them."""
    for name in ("ca.key", "other.key", "grant.key"):
        (tmp_path / name).touch(0o600)
    (tmp_path / "ca.key").write_bytes(key_pem(CA.key))
    (tmp_path / "other.key").write_bytes(key_pem(OTHER.key))
    (tmp_path / "ca.pem").write_text(pem_of(CA.certificate))
    (tmp_path / "both.pem").write_text(pem_of(OTHER.certificate) + pem_of(CA.certificate))
    (tmp_path / "other.pem").write_text(pem_of(OTHER.certificate))
    (tmp_path / "leaf.pem").write_text(pem_of(LEAF))
    (tmp_path / "none.pem").write_text("nothing")
    return {
        "state_folder": tmp_path,
        "tls_certificate": tmp_path / "hub.pem",
        "tls_key": tmp_path / "grant.key",
        "tls_ca": tmp_path / "both.pem",
        "hub_url": "https://hub.example",
        "tsl_url": "http://tsl.example",
        "tsl_anchor": tmp_path / "anchor.pem",
        "listen_port": 1,
        "pages_port": 2,
        "grant_key": tmp_path / "grant.key",
        "ca_certificate": tmp_path / "ca.pem",
        "ca_key": tmp_path / "ca.key",
        "enrolment_port": 3,
    }


def loaded(told: dict[str, Any], tmp_path: Path, **changes: Any) -> HubSettings:
    values = {key: value for key, value in {**told, **changes}.items() if value is not None}
    file = tmp_path / "hub.toml"
    lines = [f"{key} = {value if isinstance(value, int) else repr(str(value))}" for key, value in values.items()]
    file.write_text("\n".join(lines))
    return load(HubSettings, file)


def test_a_hub_has_the_ca_that_its_settings_name(told: dict[str, Any], tmp_path: Path) -> None:
    found = authority(loaded(told, tmp_path))
    assert found
    assert found.certificate == CA.certificate
    without = {"ca_certificate": None, "ca_key": None, "enrolment_port": None}
    assert authority(loaded(told, tmp_path, **without)) is None


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"ca_key": "other.key"}, "CA_CERTIFICATE"),
        ({"ca_key": "grant.key"}, "CA_KEY"),
        ({"ca_certificate": "leaf.pem"}, "CA_CERTIFICATE"),
        ({"ca_certificate": "none.pem"}, "CA_CERTIFICATE"),
        ({"ca_certificate": "gone.pem"}, "CA_CERTIFICATE"),
        ({"tls_ca": "other.pem"}, "CA_CERTIFICATE"),
    ],
    ids=["another key", "no key", "no CA", "no certificate", "no file", "not believed"],
)
def test_w_09_a_ca_that_nobody_would_believe_stops_the_start(
    told: dict[str, Any], tmp_path: Path, changes: dict[str, str], key: str
) -> None:
    named = {name: tmp_path / file for name, file in changes.items()}
    with pytest.raises(SettingRefused, match=key):
        authority(loaded(told, tmp_path, **named))


def test_t34_a_desk_without_a_ca_and_half_a_ca_stop_the_start(told: dict[str, Any], tmp_path: Path) -> None:
    for changes in ({"ca_key": None, "ca_certificate": None}, {"ca_key": None}, {"ca_certificate": None}):
        with pytest.raises(SettingRefused, match="LINKEXCHANGE_CA_KEY"):
            loaded(told, tmp_path, **changes)


def test_t34_a_ca_key_that_others_may_read_stops_the_start(told: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "ca.key").chmod(0o640)
    with pytest.raises(SettingRefused, match="LINKEXCHANGE_CA_KEY: others may read"):
        loaded(told, tmp_path)
