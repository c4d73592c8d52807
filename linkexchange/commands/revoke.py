"""`linkexchange revoke`: what the hub's operator ends at once."""

from __future__ import annotations

from typing import Annotated

import typer

from linkexchange import bootstrap, revoke
from linkexchange.commands.arguments import reason_of, telematik_id_of
from linkexchange.commands.options import SettingsFile, hub_settings
from linkexchange.errors import SettingRefused
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.revocation import RevocationKind, named

app = typer.Typer(
    help="End at once what an institution, a node, a link or a transfer may do; all nodes hear of it within seconds.",
    no_args_is_help=True,
)
Reason = Annotated[str, typer.Option(help="Why, for the audit trail; no names of patients.")]
Whose = Annotated[str, typer.Option(help="Telematik-ID of the participant, where the hub does not know whose it is.")]


@app.command("institution")
def institution(
    value: Annotated[str, typer.Argument(help="Telematik-ID of the institution.")],
    reason: Reason,
    settings: SettingsFile = None,
) -> None:
    """Revoke an institution: its sessions end, nothing is granted to it or from it, and its transfers stop."""
    _revoke(RevocationKind.INSTITUTION, value, reason, settings=settings)


@app.command("node")
def node(
    value: Annotated[str, typer.Argument(help="Thumbprint of the node's TLS certificate (x5t#S256).")],
    reason: Reason,
    participant: Whose = "",
    settings: SettingsFile = None,
) -> None:
    """Revoke a node by its certificate: its sessions end, and what it fetches stops."""
    _revoke(RevocationKind.NODE, value, reason, participant=participant, settings=settings)


@app.command("link")
def link(
    value: Annotated[str, typer.Argument(help="Number of the link.")],
    reason: Reason,
    participant: Whose = "",
    settings: SettingsFile = None,
) -> None:
    """Revoke a link: it is withdrawn, its origin serves nothing under it, and transfers of it stop."""
    _revoke(RevocationKind.LINK, value, reason, participant=participant, settings=settings)


@app.command("transfer")
def transfer(
    value: Annotated[str, typer.Argument(help="Number of the transfer, the same at hub and nodes.")],
    reason: Reason,
    participant: Whose = "",
    settings: SettingsFile = None,
) -> None:
    """Revoke a transfer: it stops before its next image, and no grant is given for it any more."""
    _revoke(RevocationKind.TRANSFER, value, reason, participant=participant, settings=settings)


@app.command("lift")
def lift(
    value: Annotated[str, typer.Argument(help="Telematik-ID of the institution.")],
    reason: Reason,
    settings: SettingsFile = None,
) -> None:
    """Let an institution take part again that was revoked; what was stopped is to be asked for again."""
    database = bootstrap.database(hub_settings(settings))
    lifted = revoke.reinstate(database, telematik_id_of(value, "VALUE"), reason_of(reason), at=bootstrap.now())
    typer.echo(f"revocation {lifted.number}: institution {lifted.value} may take part again")


def _revoke(kind: RevocationKind, value: str, reason: str, *, participant: str = "", settings: SettingsFile) -> None:
    chosen = hub_settings(settings)
    try:
        name = named(kind, value)
    except ValueError as wrong:
        raise SettingRefused(f"VALUE: {wrong}") from None
    owner = telematik_id_of(participant) if participant else bootstrap.hub_overview(chosen).owner(name)
    if owner is None:
        raise SettingRefused("--participant: the hub does not know whose it is")
    told = _told(owner, kind)
    made = revoke.revoke(bootstrap.database(chosen), name, reason_of(reason), participant=owner, at=bootstrap.now())
    typer.echo(f"revocation {made.number}: {kind.value} {made.value}{told}")


def _told(owner: TelematikId, kind: RevocationKind) -> str:
    return "" if kind is RevocationKind.INSTITUTION else f" of {owner}"
