"""`linkexchange hub`: the resolver and its pages."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import Annotated

import typer

from linkexchange import bootstrap
from linkexchange.commands.household import Household
from linkexchange.commands.options import SettingsFile, hub_settings
from linkexchange.settings import HubSettings


class Part(StrEnum):
    """The processes of a hub."""

    RESOLVER = "resolver"
    WEB = "web"


Only = Annotated[Part | None, typer.Option(help="Run only this process, beside a hub that runs elsewhere.")]


def hub(settings: SettingsFile = None, only: Only = None) -> None:
    """Run the hub: its database (unless another is named), the resolver's mTLS port and the pages."""
    chosen = hub_settings(settings)
    run = {Part.RESOLVER: _resolver, Part.WEB: _web}
    if only:
        run[only](chosen)
        return
    with bootstrap.state(chosen):
        Household({part.value: partial(serve, chosen) for part, serve in run.items()}).live()


def _resolver(settings: HubSettings) -> None:
    from linkexchange.listener import serve
    from linkexchange.web.resolver import application

    app = application(bootstrap.resolver(settings))
    context = bootstrap.server_context(settings)
    serve(app, host=settings.listen_host, port=settings.listen_port, context=context)


def _web(settings: HubSettings) -> None:
    from linkexchange.listener import serve
    from linkexchange.web.hub import application

    app = application(bootstrap.hub_overview(settings), bootstrap.now)
    serve(app, host=settings.pages_host, port=settings.pages_port, context=None)
