"""From a plan to a simulated TI that answers."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from starlette.types import ASGIApp

from ti_adapter.simulator.world.applications import applications, listeners
from ti_adapter.simulator.world.files import DESCRIPTION, describe, write_tls
from ti_adapter.simulator.world.listening import Service, listen, serve, url_of
from ti_adapter.simulator.world.plan import Plan
from ti_adapter.simulator.world.switchboard import create_switchboard
from ti_adapter.simulator.world.world import World

SWITCHBOARD: Final = "switchboard"


def serve_world(folder: Path, plan: Plan, *, host: str, admin_key: str, signature_seconds: float) -> None:
    """Serve until SIGTERM or SIGINT. Once all answer, `ti.json` lies in the folder and `ready URL` is printed."""
    (folder / DESCRIPTION).unlink(missing_ok=True)
    schemes = {**listeners(plan), SWITCHBOARD: "http"}
    sockets = {name: listen(host) for name in schemes}
    urls = {name: url_of(sockets[name], scheme, host) for name, scheme in schemes.items()}
    world = World.build(plan, urls, admin_key, _now, signature_seconds=signature_seconds)
    tls = write_tls(folder.resolve(), world, host)
    apps: dict[str, ASGIApp] = {**applications(world, admin_key), SWITCHBOARD: create_switchboard(world, admin_key)}
    services = {name: Service(app, sockets[name], tls.get(name)) for name, app in apps.items()}
    serve(services, lambda: _announce(folder.resolve(), world))


def _announce(folder: Path, world: World) -> None:
    describe(folder, world)
    print(f"ready {world.urls['switchboard']}", flush=True)  # noqa: T201


def _now() -> datetime:
    return datetime.now(UTC)
