"""Publishes simulated trust-service status lists, and breaks them on demand.

    publisher = TslPublisher.generate((ca_service(...), ocsp_service(...)), clock)
    publisher.document()                             # the list; the same until something changes
    publisher.publish((...))                         # the next number, with other services
    publisher.breaks = "older number"                # any name of `BROKEN_LISTS`

`create_tsl_app` serves it over HTTP.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from cryptography import x509
from fastapi import FastAPI, Response

from ti_adapter.pki.tsl_list import TslService
from ti_adapter.simulator.line import Line, in_manner
from ti_adapter.simulator.signer import ComponentCa, SignerShape
from ti_adapter.simulator.tsl import TslSigner
from ti_adapter.simulator.tsl_broken import BROKEN_LISTS, KNOWN, Listing
from ti_adapter.simulator.tsl_document import TslShape

_DAY = timedelta(days=1)


@dataclass(slots=True)
class TslPublisher:
    """The list as it lies at its address; broken ones come after it. The first one is the `KNOWN` one."""

    listing: Listing
    current: bytes
    clock: Callable[[], datetime]
    breaks: str | None = None

    @classmethod
    def generate(
        cls, services: tuple[TslService, ...], clock: Callable[[], datetime], *, ocsp_url: str | None = None
    ) -> Self:
        """Make a TSL-CA, a signer below it, who says to be asked about there, and the first list."""
        ca = ComponentCa.generate("GEM.TSL-CA900", clock())
        listing = Listing(services, ca, TslSigner.generate(clock(), SignerShape(ocsp_url=ocsp_url), ca=ca), clock())
        return cls(listing, listing.issued(KNOWN), clock)

    @property
    def anchor(self) -> x509.Certificate:
        """What a reader must have been given in order to believe the list."""
        return self.listing.ca.certificate

    @property
    def signer(self) -> x509.Certificate:
        """Who signs the lists that are in order."""
        return self.listing.signer.certificate

    def publish(self, services: tuple[TslService, ...]) -> None:
        """The next list, with these services."""
        self._follow(replace(self.listing, services=services), TslShape())

    def outdate(self) -> None:
        """The next list, whose end has passed."""
        self._follow(self.listing, TslShape(issued=-60 * _DAY, lasts=30 * _DAY))

    def document(self) -> bytes:
        """What lies at the address now."""
        if self.breaks is None:
            return self.current
        return BROKEN_LISTS[self.breaks](replace(self.listing, now=self.clock()))

    def _follow(self, listing: Listing, shape: TslShape) -> None:
        number = listing.next.sequence
        known = replace(shape, sequence=number, identifier=f"ID{number:05}")
        self.listing = replace(listing, now=self.clock(), known=known)
        self.current = self.listing.issued(known)


def create_tsl_app(publisher: TslPublisher, line: Line) -> FastAPI:
    """The publisher as an ASGI application; the list lies at every path."""
    app = FastAPI(title="Simulated TSL", openapi_url=None)

    @app.get("/{path:path}")
    async def document() -> Response:
        return await in_manner(line, publisher.document(), "application/xml")

    return app
