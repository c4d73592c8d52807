"""The folder of a simulated TI: certificates, keys, and last of all `ti.json`, which says where everything is."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ti_adapter.simulator.vzd_tokens import TOKEN_PATH
from ti_adapter.simulator.world.listening import Tls
from ti_adapter.simulator.world.site import Site
from ti_adapter.simulator.world.tls import TlsAuthority, pem, self_made
from ti_adapter.simulator.world.world import VZD_CLIENT, World, konnektor_name, record_name

DESCRIPTION: Final = "ti.json"


def write_tls(folder: Path, world: World, host: str) -> dict[str, Tls]:
    """Certificates of all servers with TLS, by the names of their listeners."""
    servers = ["idp", "vzd", *map(record_name, world.houses)]
    made = {name: Tls(*world.authorities.server(name, host).save(folder, name)) for name in servers}
    (folder / "tls-ca.pem").write_bytes(pem(world.authorities.tls.own.certificate))
    (folder / "tsl-anchor.pem").write_bytes(pem(world.authorities.publisher.anchor))
    return made | {konnektor_name(name): _konnektor(folder / name, site) for name, site in world.sites.items()}


def describe(folder: Path, world: World) -> None:
    """Write `ti.json`, at once and as a whole: who finds it finds everything else."""
    urls = world.urls
    said = {
        "switchboard": urls["switchboard"],
        "tsl": f"{urls['tsl']}/ECC-RSA_TSL-sim.xml",
        "idp": urls["idp"],
        "idp_issuer": urls["idp"],
        "records": [urls[record_name(number)] for number in world.houses],
        "vzd": urls["vzd"],
        "vzd_client": _vzd_client(world),
        "tsl_anchor": str(folder / "tsl-anchor.pem"),
        "tls_ca": str(folder / "tls-ca.pem"),
        "institutions": {name: _institution(folder / name, site, urls) for name, site in world.sites.items()},
    }
    unfinished = folder / f"{DESCRIPTION}.new"
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(said, file, indent=1)
    unfinished.replace(folder / DESCRIPTION)


def _konnektor(folder: Path, site: Site) -> Tls:
    """The Konnektor's own certificate, and one for the client system by a CA of this Konnektor."""
    now = site.authorities.clock()
    folder.mkdir(exist_ok=True)
    clients = TlsAuthority.generate(f"Konnektor {site.planned.name}", now)
    (folder / "clients.pem").write_bytes(pem(clients.own.certificate))
    clients.client(site.context.client_system_id).save(folder, "client")
    return Tls(*self_made(now).save(folder, "konnektor"), folder / "clients.pem")


def _vzd_client(world: World) -> dict[str, str]:
    assert world.directory.services
    token_url = world.urls["vzd"] + TOKEN_PATH
    return {"token_url": token_url, "id": VZD_CLIENT, "secret": world.directory.services.clients[VZD_CLIENT]}


def _institution(folder: Path, site: Site, urls: Mapping[str, str]) -> dict[str, str]:
    context, basic = site.context, site.authentication
    return {
        "konnektor": urls[konnektor_name(site.planned.name)],
        "konnektor_certificate": str(folder / "konnektor.pem"),
        "client_certificate": str(folder / "client.pem"),
        "client_key": str(folder / "client.key"),
        "user": basic.user,
        "password": basic.password,
        "mandant": context.mandant_id,
        "client_system": context.client_system_id,
        "workplace": context.workplace_id,
        "iccsn": site.iccsn,
    }
