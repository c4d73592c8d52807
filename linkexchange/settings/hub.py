"""Settings of a hub."""

from __future__ import annotations

from linkexchange.settings.common import CommonSettings, PrivateFile


class HubSettings(CommonSettings):
    """Settings of `linkexchange hub`."""

    grant_key: PrivateFile
    """Private key (P-256, PEM) with which grants are signed, readable by this user only."""
