"""Settings of a hub."""

from __future__ import annotations

from pydantic import Field

from linkexchange.settings.common import CommonSettings, PrivateFile


class HubSettings(CommonSettings):
    """Settings of `linkexchange hub`."""

    grant_key: PrivateFile
    """Private key (P-256, PEM) with which grants are signed, readable by this user only."""

    resolver_processes: int = Field(default=2, ge=1, le=64)
    """So many processes answer nodes at listen_port of this machine; they share nothing but the database."""
