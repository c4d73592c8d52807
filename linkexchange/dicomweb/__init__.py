"""DICOMweb (PS3.18): a PACS as archive, an origin's node as source, and this node as the origin of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkexchange.dicomweb.archive import DicomwebArchive
from linkexchange.dicomweb.origin import OriginNodeClient

if TYPE_CHECKING:
    from fastapi import FastAPI

    from linkexchange.dicomweb.serving import Serve

__all__ = ["DicomwebArchive", "OriginNodeClient", "origin_application"]


def origin_application(serve: Serve) -> FastAPI:
    """The ASGI application of an origin's mTLS port; only who listens needs the web framework."""
    from linkexchange.dicomweb.server import application

    return application(serve)
