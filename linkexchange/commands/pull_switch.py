"""`linkexchange pull-switch`: whether others may pull from this institution, or, at the hub, from any."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from linkexchange import bootstrap, govern
from linkexchange.commands.arguments import telematik_id_of
from linkexchange.commands.options import USER, OfHub, SettingsFile, hub_settings, node_settings
from linkexchange.errors import SettingRefused
from linkexchange.model.request import line
from linkexchange.model.switch import BASIS_MAX_CHARACTERS, Hand, Switch

app = typer.Typer(help="Whether others may pull from this institution. It may always send.", no_args_is_help=True)
Origin = Annotated[
    str | None, typer.Option(help="Telematik-ID of the institution; with --hub only.", show_default=False)
]
Basis = Annotated[str, typer.Option(help="The legal basis, or whatever else is the reason; one line.")]


@app.command("show")
def show(settings: SettingsFile = None, hub: OfHub = False, origin: Origin = None) -> None:
    """Print how each hand has left the switch: where, which hand, on or off, since when, and why."""
    if hub:
        store = bootstrap.database(hub_settings(settings))
        with store.work(telematik_id_of(origin or "", "--origin")) as work:
            _print("hub", work.switches.all())
        return
    node = bootstrap.node(node_settings(settings))
    with node.store.work(node.me) as work:
        _print("node", work.switches.all())
    _print("hub", node.hub.switches())


@app.command("off")
def off(basis: Basis, settings: SettingsFile = None, hub: OfHub = False, origin: Origin = None) -> None:
    """Let nobody pull: at this node at once, and at the hub. With --hub the operator does so for one institution."""
    _turn(settings, hub=hub, origin=origin, pulls=False, basis=basis)


@app.command("on")
def on(basis: Basis = "", settings: SettingsFile = None, hub: OfHub = False, origin: Origin = None) -> None:
    """Let others pull again, as far as this hand goes."""
    _turn(settings, hub=hub, origin=origin, pulls=True, basis=basis)


def _turn(settings: SettingsFile, *, hub: bool, origin: str | None, pulls: bool, basis: str) -> None:
    """The own node first: should the hub not answer, nobody pulls all the same."""
    said, now = _line(basis), bootstrap.now()
    if hub:
        store = bootstrap.database(hub_settings(settings))
        switch = Switch(Hand.OPERATOR, pulls, said, now)
        govern.turn(store, telematik_id_of(origin or "", "--origin"), switch, user=USER)
    else:
        node = bootstrap.node(node_settings(settings))
        govern.turn(node.store, node.me, Switch(Hand.ORIGIN, pulls, said, now), user=USER)
        node.sessions.use(lambda session: node.hub.switch(session, pulls=pulls, basis=said))
    typer.echo(f"pulls: {'on' if pulls else 'off'}")


def _line(basis: str) -> str:
    try:
        if len(basis) <= BASIS_MAX_CHARACTERS:
            return line(basis)
    except ValueError:
        pass
    raise SettingRefused(f"--basis: one line of at most {BASIS_MAX_CHARACTERS} characters")


def _print(where: str, switches: Iterable[Switch]) -> None:
    for it in switches:
        state = "on" if it.pulls else "off"
        typer.echo("\t".join((where, it.hand, state, f"{it.at:%Y-%m-%d %H:%M:%S %Z}", it.basis)).rstrip())
