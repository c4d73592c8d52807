"""`linkexchange node`, and its processes `data`, `worker` and `web`, which also run alone."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from functools import partial
from typing import Annotated

import typer

from linkexchange import bootstrap
from linkexchange.commands.household import Household
from linkexchange.commands.options import SettingsFile, node_settings
from linkexchange.settings import NodeSettings


class Process(StrEnum):
    """The processes of a node."""

    DATA = "data"
    WORKER = "worker"
    WEB = "web"


Without = Annotated[list[Process], typer.Option(help="Leave this process out, since it runs elsewhere; may repeat.")]


def node(settings: SettingsFile = None, without: Without = []) -> None:  # noqa: B006 - typer copies it
    """Run a node: its database (unless another is named), and one data, one worker and one web process."""
    chosen = node_settings(settings)
    _share_imports()
    run = {Process.DATA: _data, Process.WORKER: _worker, Process.WEB: _web}
    with bootstrap.state(chosen):
        wanted = [process for process in Process if process not in without]
        Household({process.value: partial(run[process], chosen) for process in wanted}).live()


def _share_imports() -> None:
    """What all three processes need is imported once, before they part."""
    from linkexchange import dicom, dicomweb, jobs, web  # noqa: F401
    from linkexchange.web import node  # noqa: F401


def data(settings: SettingsFile = None) -> None:
    """Run only the data process: studies pass through here when this node is the origin (mTLS port)."""
    _data(node_settings(settings))


def worker(settings: SettingsFile = None) -> None:
    """Run only a worker: pulls, offers, receipts. Start as many as you like, on any machine with the same database."""
    _worker(node_settings(settings))


def web(settings: SettingsFile = None) -> None:
    """Run only the pages for people."""
    _web(node_settings(settings))


def _data(settings: NodeSettings) -> None:
    from linkexchange.dicomweb import origin_application
    from linkexchange.listener import serve

    app = origin_application(bootstrap.origin(settings))
    context = bootstrap.server_context(settings)
    serve(app, host=settings.listen_host, port=settings.listen_port, context=context)


def _worker(settings: NodeSettings) -> None:
    from linkexchange import jobs

    node, url, pace = bootstrap.node(settings), bootstrap.database_url(settings), bootstrap.pace(settings)
    asyncio.run(jobs.work(node, url, pace, destination=settings.default_destination))


def _web(settings: NodeSettings) -> None:
    from linkexchange.listener import serve
    from linkexchange.web.node import application

    app = application(bootstrap.node(settings), bootstrap.node_overview(settings))
    serve(app, host=settings.pages_host, port=settings.pages_port, context=None)
