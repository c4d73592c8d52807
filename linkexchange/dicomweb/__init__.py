"""DICOMweb (PS3.18): a PACS as archive and destination, an origin's node as source, this node as origin of others."""

from __future__ import annotations

from linkexchange.dicomweb.archive import DicomwebArchive
from linkexchange.dicomweb.destination import StowDestination
from linkexchange.dicomweb.origin import OriginNodeClient
from linkexchange.dicomweb.own import OwnNode
from linkexchange.dicomweb.routed import Routes
from linkexchange.dicomweb.server import application as origin_application

__all__ = ["DicomwebArchive", "OriginNodeClient", "OwnNode", "Routes", "StowDestination", "origin_application"]
