"""`linkexchange demo`: the whole network on this machine."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Annotated

import typer

from linkexchange import lifeline


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the proof; the exit status is 0 or 1.")] = False,
    pacs: Annotated[
        str, typer.Option(help="orthanc or qrscp (pynetdicom's); empty: Orthanc where it is installed.")
    ] = "",
    browser: Annotated[bool, typer.Option(help="Open the pages where there is a display.")] = True,
) -> None:
    """Start a hub, two nodes, two PACS and a simulated TI here, load real images, publish, pull, push, prove."""
    from rich.console import Console

    from linkexchange import bootstrap
    from linkexchange.demo import show
    from linkexchange.demo.pacs import Kind, installed

    kind = Kind(pacs) if pacs in set(Kind) else installed()
    bootstrap.log_to_stderr("warning")
    lifeline.follow_parent()
    signal.signal(signal.SIGTERM, _end)
    # Also where a shell has started us in the background, with SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        complete = show.run(once=once, browser=browser, kind=kind, show=Console())
    except KeyboardInterrupt:
        raise typer.Exit(0) from None
    raise typer.Exit(0 if complete else 1)


def _end(_: int, __: FrameType | None) -> None:
    sys.exit(143)
