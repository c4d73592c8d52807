"""The whole simulated TI as state: who is in it, who believes whom, and how well each service is."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Self

from cryptography import x509
from cryptography.x509.oid import NameOID
from fastapi import FastAPI

from ti_adapter.idp import Registration
from ti_adapter.simulator.content_policy import MEDIA_TYPES, ContentPolicy
from ti_adapter.simulator.epa import VsdmService
from ti_adapter.simulator.idp import IdpIdentity, create_app
from ti_adapter.simulator.idp.issuing import IdpService
from ti_adapter.simulator.popp import SimulatedPopp
from ti_adapter.simulator.vzd import Directory, ListedOrganization
from ti_adapter.simulator.vzd_tokens import Tokens
from ti_adapter.simulator.world.authorities import COMPONENTS, Authorities
from ti_adapter.simulator.world.condition import Condition
from ti_adapter.simulator.world.plan import Plan, PlannedInstitution
from ti_adapter.simulator.world.record_house import Neighbours, RecordHouse, open_house
from ti_adapter.simulator.world.relying import RelyingParty
from ti_adapter.simulator.world.site import Site

OWN_CLIENT: Final = Registration(
    "linkexchange", "https://linkexchange.example/idp", "openid linkexchange", "https://linkexchange.example/"
)
"""A client of the IDP beside the record systems."""

VZD_CLIENT: Final = "linkexchange-hub"
"""The registered service client of the directory."""


@dataclass(frozen=True, slots=True)
class World:
    """All parties of a plan at their URLs; `conditions` are by the names of the switchboard."""

    plan: Plan
    urls: Mapping[str, str]
    authorities: Authorities
    idp_app: FastAPI = field(repr=False)
    neighbours: Neighbours
    directory: Directory
    sites: Mapping[str, Site]
    houses: Mapping[int, RecordHouse]
    conditions: Mapping[str, Condition]

    @classmethod
    def build(
        cls,
        plan: Plan,
        urls: Mapping[str, str],
        admin_key: str,
        clock: Callable[[], datetime],
        *,
        signature_seconds: float,
    ) -> Self:
        """Everything, for listeners at these URLs."""
        authorities = Authorities.generate(urls["ocsp"], clock)
        neighbours = _neighbours(plan, clock())
        sites = {one.name: Site.open(one, authorities, neighbours.vsdm, signature_seconds) for one in plan.institutions}
        conditions = {name: Condition() for name in ("ocsp", "tsl", "idp", "vzd", *map(konnektor_name, sites))}
        clients = {number: _registration(number, urls[record_name(number)]) for number in plan.record_numbers}
        idp_app = _idp(authorities, (OWN_CLIENT, *clients.values()), admin_key)
        idp = idp_app.state.simulation.service
        houses = {
            number: open_house(
                number, authorities, RelyingParty(client, idp, urls["idp"], conditions["idp"], clock), neighbours
            )
            for number, client in clients.items()
        }
        for number, house in houses.items():
            conditions |= {record_name(number): house.condition, vau_name(number): house.vau_condition}
        directory = _directory(sites.values(), neighbours, clock)
        return cls(plan, urls, authorities, idp_app, neighbours, directory, sites, houses, conditions)

    @property
    def idp(self) -> IdpService:
        """What the IDP is without HTTP."""
        service: IdpService = self.idp_app.state.simulation.service
        return service

    def house_of(self, kvnr: str) -> RecordHouse | None:
        """The record system where a record is."""
        return next((house for house in self.houses.values() if kvnr in house.records.by_kvnr), None)


def konnektor_name(institution: str) -> str:
    """How the switchboard calls a Konnektor."""
    return f"konnektor-{institution}"


def record_name(number: int) -> str:
    """How it calls a record system."""
    return f"record-{number}"


def vau_name(number: int) -> str:
    """How it calls the VAU of a record system."""
    return f"vau-{number}"


def _neighbours(plan: Plan, now: datetime) -> Neighbours:
    content = ContentPolicy(MEDIA_TYPES | set(plan.more_media_types))
    return Neighbours(VsdmService(), SimulatedPopp.generate(now), secrets.token_urlsafe(32), content)


def _directory(sites: Iterable[Site], neighbours: Neighbours, clock: Callable[[], datetime]) -> Directory:
    """All institutions, called as on their cards; one registered client, whose secret is made anew."""
    listed = [_listed(site.planned, site.card.certificate) for site in sites]
    services = Tokens(clock, {VZD_CLIENT: secrets.token_urlsafe(32)})
    return Directory(listed, {neighbours.search_token}, services=services)


def _listed(planned: PlannedInstitution, card: x509.Certificate) -> ListedOrganization:
    [name] = card.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return ListedOrganization(planned.telematik_id, str(name.value), planned.profession_oid)


def _idp(authorities: Authorities, clients: tuple[Registration, ...], admin_key: str) -> FastAPI:
    """The IDP, whose certificates the responder knows."""
    identity, cards = IdpIdentity.generate(authorities.components), authorities.cards.trust
    for certificate in identity.certificates:
        authorities.responders[COMPONENTS].know(certificate)
    return create_app(identity, cards, clients, admin_key, authorities.clock, is_revoked=authorities.is_revoked)


def _registration(number: int, url: str) -> Registration:
    return Registration(f"ePA-{number}", f"{url}/epa/authz/v1/callback", "openid epa", url)
