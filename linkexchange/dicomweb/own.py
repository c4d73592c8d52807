"""Instances of an own PACS that can only be fetched by C-MOVE, for the processes at which none can arrive.

The node's `data` process fetches them and passes them on over the node's own mTLS port, under `/own`, to whoever
shows the node's own certificate.
"""

from __future__ import annotations

import ssl
from collections.abc import Generator, Iterator
from urllib.parse import quote

from linkexchange.dicomweb.connection import IDLE_SECONDS, Connection
from linkexchange.dicomweb.search import FAULTS
from linkexchange.model.identifiers import SopInstanceUid
from linkexchange.model.study import Manifest
from linkexchange.ports import Brake, IncomingInstance


class OwnNode:
    """`ports.ImageSource` through the own node at `node_url`, for the PACS of this name."""

    def __init__(
        self, node_url: str, pacs: str, context: ssl.SSLContext, *, idle_seconds: float = IDLE_SECONDS
    ) -> None:
        self._url = f"{node_url.rstrip('/')}/own/{quote(pacs, safe='')}"
        self._context = context
        self._idle_seconds = idle_seconds

    def retrieve(
        self, manifest: Manifest, wanted: frozenset[SopInstanceUid], *, brake: Brake | None = None
    ) -> Generator[IncomingInstance, None, None]:
        """Yield the wanted instances, one request for each. Raises `PacsUnavailable`."""
        with Connection(self._url, FAULTS, context=self._context, idle_seconds=self._idle_seconds) as node:
            yield from node.retrieve(manifest, wanted, brake=brake, paths=_one_by_one)


def _one_by_one(manifest: Manifest, wanted: frozenset[SopInstanceUid]) -> Iterator[str]:
    homes = manifest.homes
    return (f"studies/{manifest.study}/series/{homes[uid]}/instances/{uid}" for uid in homes if uid in wanted)
