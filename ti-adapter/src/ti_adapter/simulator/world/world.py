"""The whole simulated TI: what is in it, each as an ASGI application for one listener."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Self

from fastapi import FastAPI
from starlette.types import ASGIApp

from ti_adapter.idp import Registration
from ti_adapter.simulator.content_policy import MEDIA_TYPES, ContentPolicy
from ti_adapter.simulator.epa import VsdmService
from ti_adapter.simulator.idp import IdpIdentity
from ti_adapter.simulator.idp import create_app as create_idp_app
from ti_adapter.simulator.idp.service import IdpService
from ti_adapter.simulator.konnektor import create_app as create_konnektor_app
from ti_adapter.simulator.ocsp_app import create_ocsp_app
from ti_adapter.simulator.popp import SimulatedPopp
from ti_adapter.simulator.tsl_publisher import create_tsl_app
from ti_adapter.simulator.vzd import Directory, ListedOrganization
from ti_adapter.simulator.vzd import create_app as create_vzd_app
from ti_adapter.simulator.world.authorities import COMPONENTS, Authorities
from ti_adapter.simulator.world.condition import Attended, Condition
from ti_adapter.simulator.world.plan import Plan
from ti_adapter.simulator.world.record_house import Neighbours, RecordHouse, open_house
from ti_adapter.simulator.world.relying import RelyingParty
from ti_adapter.simulator.world.site import Site

CLIENT_ID: Final = "linkexchange"
"""A client of the IDP beside the record systems, with the scope of the same name."""
CLIENT_REDIRECT: Final = "https://linkexchange.example/idp"
CLIENT_AUDIENCE: Final = "https://linkexchange.example/"

_EPA_SCOPE: Final = "openid epa"


@dataclass(frozen=True, slots=True)
class World:
    """All services and their state; `conditions` are by the names of the switchboard, `apps` by those of listeners."""

    authorities: Authorities
    idp: IdpService
    popp: SimulatedPopp
    sites: Mapping[str, Site]
    houses: Mapping[int, RecordHouse]
    conditions: Mapping[str, Condition]
    apps: Mapping[str, ASGIApp] = field(repr=False)

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
        authorities, vsdm = Authorities.generate(urls["ocsp"], clock), VsdmService()
        sites = {one.name: Site.open(one, authorities, vsdm, signature_seconds) for one in plan.institutions}
        conditions = {"idp": Condition(), "ocsp": Condition(), "tsl": Condition(), "vzd": Condition()}
        idp_app, clients = _idp(plan, urls, authorities, admin_key)
        idp: IdpService = idp_app.state.simulation.service
        neighbours = Neighbours(vsdm, SimulatedPopp.generate(clock()), secrets.token_urlsafe(32), _content(plan))
        houses = {}
        for number, registration in clients.items():
            party = RelyingParty(registration, idp, urls["idp"], conditions["idp"], clock)
            houses[number] = open_house(number, authorities, party, neighbours)
            conditions |= {
                f"record-{number}": houses[number].condition,
                f"vau-{number}": houses[number].vau_condition,
            }
        conditions |= {f"konnektor-{name}": Condition() for name in sites}
        apps: dict[str, ASGIApp] = {
            "ocsp": _ocsp(authorities),
            "tsl": create_tsl_app(authorities.publisher, authorities.tsl_line),
            "idp": idp_app,
            "vzd": create_vzd_app(_directory(plan, neighbours.search_token)),
            **{f"konnektor-{name}": _konnektor(site, admin_key) for name, site in sites.items()},
        }
        attended: dict[str, ASGIApp] = {name: Attended(app, conditions[name]) for name, app in apps.items()}
        records = {f"record-{number}": house for number, house in houses.items()}
        return cls(authorities, idp, neighbours.popp, sites, houses, conditions, attended | records)

    def house_of(self, kvnr: str) -> RecordHouse | None:
        """The record system where a record is."""
        return next((house for house in self.houses.values() if kvnr in house.records.by_kvnr), None)


def listeners(plan: Plan) -> dict[str, str]:
    """The scheme of every listener beside the switchboard, by its name."""
    konnektoren = {f"konnektor-{one.name}": "https" for one in plan.institutions}
    records = {f"record-{number}": "https" for number in _numbers(plan)}
    return {"ocsp": "http", "tsl": "http", "idp": "https", "vzd": "https", **records, **konnektoren}


def _numbers(plan: Plan) -> range:
    return range(1, plan.record_systems + 1)


def _idp(
    plan: Plan, urls: Mapping[str, str], authorities: Authorities, admin_key: str
) -> tuple[FastAPI, Mapping[int, Registration]]:
    """The IDP, and the record systems as its clients."""
    identity = IdpIdentity.generate(authorities.components)
    for certificate in identity.certificates:
        authorities.responders[COMPONENTS].know(certificate)
    clients = {number: _registration(number, urls[f"record-{number}"]) for number in _numbers(plan)}
    own = Registration(CLIENT_ID, CLIENT_REDIRECT, f"openid {CLIENT_ID}", CLIENT_AUDIENCE)
    app = create_idp_app(
        identity,
        authorities.cards.trust,
        (own, *clients.values()),
        admin_key,
        authorities.clock,
        is_revoked=authorities.is_revoked,
    )
    return app, clients


def _registration(number: int, url: str) -> Registration:
    return Registration(f"ePA-{number}", f"{url}/epa/authz/v1/callback", _EPA_SCOPE, url)


def _ocsp(authorities: Authorities) -> FastAPI:
    """One responder for each CA, below a path of its own."""
    app = FastAPI(title="Simulated OCSP responders", openapi_url=None)
    for name, responder in authorities.responders.items():
        app.mount(f"/{name}", create_ocsp_app(responder, authorities.ocsp_line))
    return app


def _content(plan: Plan) -> ContentPolicy:
    return ContentPolicy(MEDIA_TYPES | set(plan.more_media_types))


def _konnektor(site: Site, admin_key: str) -> FastAPI:
    return create_konnektor_app(site.konnektor, admin_key, authentication=site.authentication)


def _directory(plan: Plan, token: str) -> Directory:
    listed = [ListedOrganization(one.telematik_id, one.institution, one.profession_oid) for one in plan.institutions]
    return Directory(listed, {token})
