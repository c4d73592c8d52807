"""The parts of the TI that a node and a hub stand on, put together from their settings. Nothing is asked of it yet."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime
from functools import cached_property
from typing import Self

from linkexchange import ti, tls
from linkexchange.documents.signatory import Signatory
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.listing import not_asked
from linkexchange.ports import Card, InsuredCard, Listings
from linkexchange.settings import CommonSettings, HubSettings, NodeSettings

Clock = Callable[[], datetime]


def believing(settings: CommonSettings, audience: str, now: Clock) -> ti.AttestationVerifier:
    """Whom a resolver at this address believes to be an institution."""
    return ti.AttestationVerifier(_trust(settings, now), audience)


def listings(settings: HubSettings, now: Clock) -> Listings:
    """What the FHIR-VZD says of institutions, where this hub may ask it."""
    if settings.ti_ca is None or not settings.vzd_url:
        return not_asked
    secret = settings.vzd_client_secret.get_secret_value()
    access = ti.VzdAccess(settings.vzd_url, settings.vzd_token_url, settings.vzd_client_id, secret)
    return ti.Vzd(access, tls.ti_context(settings.ti_ca), now)


class Telematik:
    """What a node has of the TI; a context manager, whose end closes the connections."""

    def __init__(self, settings: NodeSettings, now: Clock) -> None:
        self._settings, self._now, self._lines = settings, now, ExitStack()
        self.konnektor = ti.konnektor(_konnektor(settings), self._lines)
        self._card = ti.SparingCard(ti.InstitutionCard(self.konnektor, settings.smcb_iccsn or None), now)
        self.trust = _trust(settings, now)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._lines.close()

    @property
    def card(self) -> Card:
        """The institution's card."""
        return ti.AttestingCard(self._card, self._now)

    def record(self) -> ti.EpaRecord:
        """The patients' records, which the card opens."""
        return ti.EpaRecord(self._systems, self._me, self._now)

    def chain(self) -> ti.Chain:
        """All of it, link by link, to be walked along."""
        return ti.Chain(
            me=self._me,
            konnektor=self.konnektor,
            iccsn=self._settings.smcb_iccsn or None,
            trust=self.trust,
            discover=self._login.discover,
            systems=self._systems,
            clock=self._now,
            heal=self._card.heal,
        )

    @property
    def _me(self) -> TelematikId:
        return TelematikId(self._settings.telematik_id)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return tls.ti_context(self._settings.ti_ca)

    @cached_property
    def _login(self) -> ti.IdpLogin:
        return ti.idp_login(_records(self._settings), self._card, self.trust, self._tls, self._now, self._lines)

    @cached_property
    def _systems(self) -> Mapping[str, ti.RecordSystem]:
        """Whatever stands on them shares their channels and logins."""
        access = _records(self._settings)
        visitor = ti.visitor(access, self._me, self._card, self._login, self.trust, self._tls, self._now)
        return ti.record_systems(access, visitor, self._lines)

    def insurance_card(self) -> InsuredCard:
        """The eGK in a terminal of this workplace."""
        return ti.InsuranceCard(self.konnektor, self._settings.smcb_iccsn or None, self.record())

    def signatory(self) -> Signatory:
        """Who signs documents with the institution's card. Raises `CardUnavailable`."""
        return ti.signatory(self._card)


def _trust(settings: CommonSettings, now: Clock) -> ti.Trust:
    kept = settings.state_folder / "tsl.xml"
    return ti.Trust(ti.TrustAccess(settings.tsl_url, settings.tsl_anchor, kept, settings.ocsp_url), now)


def _konnektor(settings: NodeSettings) -> ti.KonnektorAccess:
    return ti.KonnektorAccess(
        url=settings.konnektor_url,
        certificate=settings.konnektor_certificate,
        mandant=settings.konnektor_mandant,
        client_system=settings.konnektor_client_system,
        workplace=settings.konnektor_workplace,
        client_certificate=settings.konnektor_client_certificate,
        client_key=settings.konnektor_client_key,
        user=settings.konnektor_user,
        password=settings.konnektor_password.get_secret_value(),
        rewrites_endpoints=settings.konnektor_rewrites,
        iccsn=settings.smcb_iccsn,
    )


def _records(settings: NodeSettings) -> ti.RecordAccess:
    return ti.RecordAccess(
        urls=tuple(settings.record_urls.split(",")),
        idp_url=settings.idp_url,
        user_agent=settings.ti_user_agent,
        issuer=settings.idp_issuer,
        is_production=settings.ti_production,
    )
