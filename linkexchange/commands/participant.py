"""`linkexchange participant`: who takes part, as the hub's operator decides."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import typer

from linkexchange import admit, bootstrap
from linkexchange.commands.arguments import number_of, reason_of, telematik_id_of
from linkexchange.commands.options import SettingsFile, hub_settings
from linkexchange.errors import SettingRefused
from linkexchange.model.audit import Action
from linkexchange.model.enrolment import Enrolment, Standing
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.listing import Comparison, Listing
from linkexchange.model.participant import HUB, ROLES, Participant

app = typer.Typer(help="The participants of the network, as the hub's directory has them.", no_args_is_help=True)
Who = Annotated[str, typer.Argument(help="Telematik-ID of the institution.")]
Number = Annotated[str, typer.Argument(help="Number of the application, as `participant applications` lists it.")]
_WHO, _WHAT = "TELEMATIK_ID", "NUMBER: not the number of an application"
_COMPARISONS: dict[Comparison, str] = {
    Comparison.NOT_ASKED: "not asked: vzd_url is not set",
    Comparison.UNREACHABLE: "unreachable",
    Comparison.ABSENT: "absent; approve with --although absent only",
    Comparison.OTHER_ROLE: "with another role than its card; approve with --although other-role only",
    Comparison.OTHER_NAME: "role agrees, name differs from that of the card",
    Comparison.AGREES: "role agrees",
}


class Difference(StrEnum):
    """What can stand against an approval."""

    ABSENT = Comparison.ABSENT.value
    OTHER_ROLE = Comparison.OTHER_ROLE.value


Although = Annotated[Difference | None, typer.Option(help="Approve, though the FHIR-VZD says this of the applicant.")]
Reason = Annotated[str, typer.Option(help="Why, in one line that the institution may read.")]


@app.command("applications")
def applications(
    every: Annotated[bool, typer.Option("--all", help="Also those that are settled.")] = False,
    settings: SettingsFile = None,
) -> None:
    """List who wants to take part; compare the fingerprint of the key with the applicant before you approve."""
    admission = bootstrap.admission(hub_settings(settings))
    with admission.store.work(HUB) as work:
        listed = [it for it in work.enrolments.everyones() if every or it.standing is Standing.APPLIED]
    listings = admission.listings([it.participant.telematik_id for it in listed if it.standing is Standing.APPLIED])
    for it in listed:
        typer.echo(f"{it.number}  {it.participant.telematik_id}  {it.standing.value} {it.reason}".rstrip())
        typer.echo(f"  {it.participant.name}, on its card: {it.card_name}; {ROLES.get(it.role, it.role)}")
        typer.echo(f"  key {it.key}; {it.participant.node_url}; contact {it.participant.contact}")
        if it.standing is Standing.APPLIED:
            typer.echo(f"  FHIR-VZD: {_listed(it, listings)}")
    if not listed:
        typer.echo("no applications")


@app.command("approve")
def approve(telematik_id: Who, number: Number, although: Although = None, settings: SettingsFile = None) -> None:
    """Let an applicant in: it gets a certificate, and whatever it had before is revoked."""
    me, enrolment = (
        telematik_id_of(telematik_id, _WHO),
        number_of(number, _WHAT),
    )
    named = Comparison(although.value) if although else None
    approved = admit.approve(bootstrap.admission(hub_settings(settings)), me, enrolment, although=named)
    typer.echo(f"{me}: {approved.participant.name} takes part")


@app.command("reject")
def reject(telematik_id: Who, number: Number, reason: Reason, settings: SettingsFile = None) -> None:
    """Turn an applicant down."""
    me, enrolment, said = (
        telematik_id_of(telematik_id, _WHO),
        number_of(number, _WHAT),
        reason_of(reason),
    )
    admit.reject(bootstrap.admission(hub_settings(settings)), me, enrolment, reason=said)
    typer.echo(f"{me}: rejected")


@app.command("revoke")
def revoke(telematik_id: Who, reason: Reason, settings: SettingsFile = None) -> None:
    """Put a participant out at once: the hub refuses it from its next call on, and nobody finds it any more."""
    me, said = telematik_id_of(telematik_id, _WHO), reason_of(reason)
    admit.revoke(bootstrap.admission(hub_settings(settings)), me, reason=said)
    typer.echo(f"{me}: revoked")


@app.command("set")
def put(
    telematik_id: Who,
    name: Annotated[str, typer.Option(help="Name of the institution.")],
    node_url: Annotated[str, typer.Option(help="Address of its node's mTLS port, https://…")],
    destination: Annotated[list[str], typer.Option(help="Name of a PACS that may receive; repeat it for more.")],
    settings: SettingsFile = None,
) -> None:
    """Enter an institution whose certificate comes from elsewhere into the directory, or change its entry."""
    chosen = hub_settings(settings)
    me = telematik_id_of(telematik_id, _WHO)
    if not node_url.startswith("https://"):
        raise SettingRefused("--node-url: must begin with https://")
    with bootstrap.database(chosen).work(me) as work:
        work.directory.put(Participant(me, name, node_url.rstrip("/"), tuple(destination)))
        work.audit(Action.PARTICIPANT_ENROLLED, node_url=node_url)
    typer.echo(f"{me}: {name} at {node_url}, destinations {', '.join(destination)}")


def _listed(it: Enrolment, listings: Mapping[TelematikId, Listing]) -> str:
    listing = listings[it.participant.telematik_id]
    said = _COMPARISONS[listing.compared(it.card_name, it.role)]
    return f"listed as {listing.name}, {said}" if listing.name else said
