"""Settings of a hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from linkexchange import checks
from linkexchange.settings.both import PREFIX, CommonSettings, PrivateFile


class HubSettings(CommonSettings):
    """Settings of `linkexchange hub`."""

    grant_key: PrivateFile
    """Private key (P-256, PEM) with which grants are signed, readable by this user only."""

    balance_hours: float = Field(default=24.0, gt=0)
    """So long after images have left an origin, or have come, the other end's account may still be missing."""
    grant_keys_beside: Annotated[str, AfterValidator(checks.private_files)] = ""
    """Private keys (P-256, PEM) that will sign grants or have signed them, with commas between; nodes learn all."""

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

    ca_certificate: Path | None = None
    """The CA with which this hub issues certificates of nodes, in PEM; tls_ca holds it too. Empty: it issues none."""

    ca_key: Annotated[Path | None, AfterValidator(checks.private)] = None
    """Private key (P-256, PEM) of that CA, readable by this user only."""

    enrolment_port: int = Field(default=0, ge=0, le=65535)
    """Port on listen_host at which nodes apply that have no certificate yet. 0: nobody can apply."""

    vzd_url: Annotated[str, AfterValidator(checks.https_or_none)] = ""
    """The FHIR-VZD, which says to an operator how it lists an applicant. Empty: it is not asked."""

    vzd_token_url: Annotated[str, AfterValidator(checks.https_or_none)] = ""
    """Token endpoint of its authorisation server (realm Service-Authenticate); needed with vzd_url."""

    vzd_client_id: str = ""
    """What this hub is called there as a registered service client; needed with vzd_url."""

    vzd_client_secret: SecretStr = SecretStr("")
    """Its secret; needed with vzd_url."""

    ti_ca: Path | None = None
    """CA certificates (PEM) of the FHIR-VZD and of that server; needed with vzd_url."""

    @model_validator(mode="after")
    def _ca_is_whole(self) -> Self:
        """A CA has a key, and whoever takes applications can issue certificates."""
        if bool(self.ca_certificate) is not bool(self.ca_key):
            raise ValueError(f"{PREFIX}CA_KEY: CA certificate and key are needed together")
        if self.enrolment_port and not self.ca_key:
            raise ValueError(f"{PREFIX}CA_KEY: is needed with enrolment_port")
        return self

    @model_validator(mode="after")
    def _vzd_is_whole(self) -> Self:
        """Whoever may ask the directory has all that it takes."""
        keys = ("vzd_url", "vzd_token_url", "vzd_client_id", "vzd_client_secret")
        secret = self.vzd_client_secret.get_secret_value()
        given = dict(zip(keys, (self.vzd_url, self.vzd_token_url, self.vzd_client_id, secret), strict=True))
        missing = [key for key, value in {**given, "ti_ca": self.ti_ca}.items() if not value]
        if missing and any(given.values()):
            raise ValueError(f"{PREFIX}{missing[0].upper()}: is needed with {next(filter(given.get, given))}")
        return self
