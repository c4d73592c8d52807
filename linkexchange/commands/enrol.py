"""`linkexchange enrol`: this institution comes into the network."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from linkexchange import bootstrap, enrol
from linkexchange.commands.options import SettingsFile, node_settings
from linkexchange.desk import DeskClient, fetch_ca
from linkexchange.enrol import Pending
from linkexchange.errors import HubUnavailable, SettingRefused
from linkexchange.model.enrolment import ENROLLED
from linkexchange.model.identifiers import Sha256, TelematikId
from linkexchange.model.participant import Capability, Participant
from linkexchange.settings import NodeSettings

_POLL_SECONDS = 5.0
Hub = Annotated[str, typer.Option(help="Address of the hub's enrolment port, https://…")]
CaSha256 = Annotated[str, typer.Option(help="SHA-256 of the hub's CA certificate, as its operator has told it to you.")]
Contact = Annotated[str, typer.Option(help="Where people of the hub and of other institutions ask: phone or mail.")]
Destinations = Annotated[list[str] | None, typer.Option("--destination", help="Name of a PACS that may receive.")]
Capabilities = Annotated[list[Capability] | None, typer.Option("--capability", help="What this node does for others.")]
Hours = Annotated[list[str] | None, typer.Option("--hours", help="Span in which it answers, 07:00-18:00; else always.")]
Check = Annotated[bool, typer.Option("--check", help="Ask once how the application stands, and end with status 1.")]
Renew = Annotated[bool, typer.Option("--renew", help="Fetch a new certificate now, though the present one lasts.")]
Wait = Annotated[float, typer.Option(help="Wait so many seconds for the operator's decision.", min=0)]


def enrol_node(
    hub: Hub = "",
    hub_ca_sha256: CaSha256 = "",
    contact: Contact = "",
    destination: Destinations = None,
    capability: Capabilities = None,
    hours: Hours = None,
    check: Check = False,
    renew: Renew = False,
    wait: Wait = 0.0,
    settings: SettingsFile = None,
) -> None:
    """Apply at the hub with a key of this node and a signature of its card; take the certificate once it is approved.

    The exit status is 1 while the application waits.
    """
    chosen = node_settings(settings)
    if renew:
        _renew(chosen)
        return
    if not check:
        said = _participant(chosen, contact, destination or [], capability or list(Capability), hours=hours or [])
        _apply(chosen, hub, hub_ca_sha256, said)
    if not _taken(chosen, wait):
        raise typer.Exit(1)


def _participant(
    chosen: NodeSettings, contact: str, destinations: list[str], capabilities: list[Capability], *, hours: list[str]
) -> Participant:
    if not contact:
        raise SettingRefused("--contact: is missing")
    return Participant(
        TelematikId(chosen.telematik_id),
        chosen.name,
        chosen.node_url,
        destinations=tuple(destinations or filter(None, [chosen.default_destination])),
        ae_titles=tuple(dict.fromkeys([chosen.ae_title, *chosen.receiving_titles])),
        capabilities=tuple(capabilities),
        contact=contact,
        hours=tuple(hours),
    )


def _apply(chosen: NodeSettings, hub: str, hub_ca_sha256: str, said: Participant) -> None:
    from linkexchange.telematik import Telematik

    if not hub.startswith("https://"):
        raise SettingRefused("--hub: must begin with https://")
    try:
        ca = fetch_ca(hub, Sha256(hub_ca_sha256.replace(":", "").lower()))
    except ValueError as wrong:
        raise SettingRefused("--hub-ca-sha256: not a SHA-256; the hub's operator tells it to you") from wrong
    place, desk = bootstrap.enrolment_place(chosen), DeskClient(hub, ca)
    chosen.state_folder.mkdir(parents=True, exist_ok=True)
    with Telematik(chosen, bootstrap.now) as telematik:
        key = enrol.apply(place, Pending(hub, ca, ""), desk, telematik.card, said, audience=chosen.hub_url)
    typer.echo(f"applied. Fingerprint of the key, which the hub's operator will ask for: {key}")


def _taken(chosen: NodeSettings, wait: float) -> bool:
    place = bootstrap.enrolment_place(chosen)
    pending = enrol.waiting(place)
    if pending is None:
        raise SettingRefused("there is no application that waits: apply first, without --check")
    desk, until = DeskClient(pending.url, pending.ca), time.monotonic() + wait
    while True:
        try:
            if enrol.take(place, pending, desk, TelematikId(chosen.telematik_id)).standing in ENROLLED:
                typer.echo(f"approved. The certificate lies at {chosen.tls_certificate}; start the node")
                return True
        except HubUnavailable:
            if time.monotonic() >= until:
                raise
        if time.monotonic() >= until:
            typer.echo("the application waits for the hub's operator; ask again with --check")
            return False
        time.sleep(min(_POLL_SECONDS, max(0.0, until - time.monotonic())))


def _renew(chosen: NodeSettings) -> None:
    from linkexchange.hub import HubClient

    hub = HubClient(chosen.hub_url, bootstrap.client_context(chosen))
    store, me = bootstrap.database(chosen), TelematikId(chosen.telematik_id)
    enrol.renew(bootstrap.enrolment_place(chosen), hub.renew, store, me, now=bootstrap.now(), at_once=True)
    hub.close()
    store.close()
    typer.echo("renewed. The processes of the node take the new certificate up by themselves")
