"""Every route of the real pages that changes something, whoever adds it, refuses what no form of ours has sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest
import visitor
from conftest import Clock
from enrolling import EnrolmentBench
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount
from visitor import BROWSER, Visitor
from world import World

from linkexchange.govern import Rulebook
from linkexchange.model.participant import HUB
from linkexchange.store.overview import HubOverview, NodeOverview
from linkexchange.web.hub import application as hub_application
from linkexchange.web.node import application as node_application

pytestmark = pytest.mark.slow

HARMLESS = {"GET", "HEAD", "OPTIONS"}
FOREIGN = "https://evil.example"
FORM = "application/x-www-form-urlencoded"
Sent = Callable[[Visitor, str, str], httpx.Response]


def changing(app: FastAPI) -> list[tuple[str, str]]:
    """Method and address of each; a number of a route becomes one that nothing has."""
    number, found = str(UUID(int=7)), []
    for context in iter_route_contexts(app.routes):
        changes = sorted((context.methods or set()) - HARMLESS)
        assert context.path is not None
        found += [(method, re.sub(r"{[^}]*}", number, context.path)) for method in changes]
    assert [it.path for it in app.routes if isinstance(it, Mount)] == ["/static"]
    return found


@dataclass(frozen=True)
class Served:
    """Pages that are visited, and what changes something there."""

    visit: Visitor
    routes: list[tuple[str, str]]


@pytest.fixture
def served(world: World, clock: Clock) -> Iterator[list[Served]]:
    """Those of a node and of a hub, with everything that they can have."""
    hub = world.resolver.store
    apps = [
        node_application(world.practice, NodeOverview(world.nodes)),
        hub_application(HubOverview(hub), clock, EnrolmentBench(hub, clock).admission, Rulebook(HUB, hub)),
    ]
    with ExitStack() as stack:
        yield [Served(stack.enter_context(visitor.at(app)), changing(app)) for app in apps]


def call(visit: Visitor, method: str, path: str, headers: dict[str, str], content: str) -> httpx.Response:
    return visit.client.request(method, path, headers=headers, content=content)


def ours(visit: Visitor, method: str, path: str) -> httpx.Response:
    """What a page of ours sends, but for the fields."""
    return call(visit, method, path, {**BROWSER, "Content-Type": FORM}, f"form_token={visit.token()}")


def form(visit: Visitor, method: str, path: str) -> httpx.Response:
    headers = {"Origin": FOREIGN, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Content-Type": FORM}
    return call(visit, method, path, headers, f"form_token={visit.token()}")


def fetch(visit: Visitor, method: str, path: str) -> httpx.Response:
    """By a browser that says of itself nothing but the origin."""
    return call(visit, method, path, {"Origin": FOREIGN, "Content-Type": FORM}, f"form_token={visit.token()}")


def neighbour(visit: Visitor, method: str, path: str) -> httpx.Response:
    """By a page of another port of this machine."""
    headers = {"Origin": "http://127.0.0.1:1", "Sec-Fetch-Site": "same-site", "Content-Type": FORM}
    return call(visit, method, path, headers, f"form_token={visit.token()}")


def plain(visit: Visitor, method: str, path: str) -> httpx.Response:
    """JSON that a form can be made to send, and that even comes from our own origin."""
    body = f'{{"form_token": "{visit.token()}", "x": "="}}'
    return call(visit, method, path, {**BROWSER, "Content-Type": "text/plain"}, body)


def tokenless(visit: Visitor, method: str, path: str) -> httpx.Response:
    visit.token()
    return call(visit, method, path, {**BROWSER, "Content-Type": FORM}, "")


def cookieless(visit: Visitor, method: str, path: str) -> httpx.Response:
    token = visit.token()
    visit.client.cookies.clear()
    return call(visit, method, path, {**BROWSER, "Content-Type": FORM}, f"form_token={token}")


def passed(served: list[Served], send: Sent) -> dict[str, int]:
    """Every route that has answered with anything but 403."""
    answers = {f"{method} {path}": send(it.visit, method, path) for it in served for method, path in it.routes}
    return {route: answer.status_code for route, answer in answers.items() if answer.status_code != 403}


@pytest.mark.parametrize("send", [form, fetch, neighbour, plain, tokenless, cookieless])
def test_w_02_every_changing_route_of_node_and_hub_refuses_what_no_form_of_ours_has_sent(
    served: list[Served], send: Sent
) -> None:
    assert passed(served, send) == {}


def test_w_02_every_changing_route_lets_our_own_forms_in(served: list[Served]) -> None:
    """So that a refusal above is one of the request and not of the route. Fields are missing: another answer."""
    routes = {f"{method} {path}" for it in served for method, path in it.routes}
    assert set(passed(served, ours)) == routes
    known = {"POST /pulls", "POST /ask", "POST /requests/release", "POST /enrolments/approval", "POST /locks/lift"}
    assert known <= routes
