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

    relay_port: int = Field(default=0, ge=0, le=65535)
    """Port at listen_host at which the relay joins nodes that have no direct route. 0: there is no relay here."""

    relay_streams: int = Field(default=64, ge=1)
    """So many streams of one participant go through the relay at once, whichever end of them it is."""

    relay_bytes_per_second: int = Field(default=0, ge=0)
    """So many bytes go through the relay in a second, shared equally between participants. 0: as many as can."""

    relay_participant_bytes_per_second: int = Field(default=0, ge=0)
    """So many bytes go through the relay in a second for one participant that pulls. 0: as many as can."""
