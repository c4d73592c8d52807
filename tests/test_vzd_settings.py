"""Settings with which a hub may ask the FHIR-VZD: all of them or none."""

# ruff: noqa: F811 - fixtures of another file

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from test_settings import _no_settings_from_outside, complete, key  # noqa: F401 - fixtures

from linkexchange import bootstrap
from linkexchange.errors import SettingRefused
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.listing import NOT_ASKED
from linkexchange.settings import HubSettings, load
from linkexchange.telematik import listings

SECRET = "s3cret-canary"
WHOLE = {
    "VZD_URL": "https://127.0.0.1:9",
    "VZD_TOKEN_URL": "https://127.0.0.1:9/token",
    "VZD_CLIENT_ID": "hub",
    "VZD_CLIENT_SECRET": SECRET,
}
ME = TelematikId("1-2")


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch, complete: dict[str, str], key: Path) -> Callable[..., HubSettings]:
    """The settings of a hub, with what is given."""

    def reading(**given: str | None) -> HubSettings:
        known = {field.upper() for field in HubSettings.model_fields}
        for name, value in {**complete, "GRANT_KEY": str(key), **given}.items():
            if name in known and value is not None:
                monkeypatch.setenv(f"LINKEXCHANGE_{name}", value)
        return load(HubSettings)

    return reading


def test_a_hub_without_them_asks_nobody(read: Callable[..., HubSettings]) -> None:
    assert listings(read(), bootstrap.now)([ME]) == {ME: NOT_ASKED}


@pytest.mark.parametrize("missing", [*WHOLE, "TI_CA"])
def test_whoever_may_ask_the_directory_has_all_that_it_takes(read: Callable[..., HubSettings], missing: str) -> None:
    first = next(it for it in WHOLE if it != missing).lower()
    with pytest.raises(SettingRefused) as refused:
        read(**{**WHOLE, missing: None})
    assert refused.value.detail == f"LINKEXCHANGE_{missing}: is needed with {first}"


@pytest.mark.parametrize("name", ["VZD_URL", "VZD_TOKEN_URL"])
def test_the_secret_goes_over_tls_alone(read: Callable[..., HubSettings], name: str) -> None:
    with pytest.raises(SettingRefused, match=f"{name}: must begin with https://"):
        read(**{**WHOLE, name: "http://vzd.example"})


def test_the_secret_is_never_shown(read: Callable[..., HubSettings]) -> None:
    settings = read(**WHOLE)
    assert settings.vzd_client_secret.get_secret_value() == SECRET
    assert SECRET not in f"{settings!r} {settings.model_dump_json()}"
