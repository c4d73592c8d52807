"""`linkexchange publish` and `linkexchange withdraw`."""

from __future__ import annotations

from typing import Annotated

import typer

from linkexchange import bootstrap
from linkexchange import publish as use_case
from linkexchange.commands.arguments import kvnr_of, link_of, study_of
from linkexchange.commands.options import SettingsFile, node_settings
from linkexchange.watching import until_announced


def publish(
    study: Annotated[str, typer.Argument(help="Study Instance UID.")],
    pacs: Annotated[str, typer.Option(help="Name of the PACS that holds the study.")],
    kvnr: Annotated[str, typer.Option(help="The patient's KVNR; it is compared with the image header.")],
    settings: SettingsFile = None,
) -> None:
    """Put a link to a study into the patient's record, in the place of an older one where there is one."""
    node = bootstrap.node(node_settings(settings))
    link = use_case.publish(node, study_of(study), pacs=pacs, kvnr=kvnr_of(kvnr))
    until_announced(node, link)
    typer.echo(f"published: link {link}")


def withdraw(
    link: Annotated[str, typer.Argument(help="Link, as `linkexchange publish` named it.")],
    settings: SettingsFile = None,
) -> None:
    """Withdraw a link: this node serves nothing under it from now on; hub and record follow at once by a job."""
    node = bootstrap.node(node_settings(settings))
    use_case.withdraw(node, link_of(link))
    typer.echo(f"withdrawn: link {link}")
