"""Who calls: the context of every call, as the infrastructure model of the Konnektor knows it."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.konnektor.names import CCTX, CONN
from ti_adapter.konnektor.soap import maker

_LENGTH_MAX = 64


@dataclass(frozen=True, slots=True)
class Context:
    """Mandant, Clientsystem, Arbeitsplatz and, for an HBA only, user.

    Raises ValueError where one is empty, longer than 64 characters, or has characters that cannot be printed.
    """

    mandant_id: str
    client_system_id: str
    workplace_id: str
    user_id: str | None = None

    def __post_init__(self) -> None:
        given = (self.mandant_id, self.client_system_id, self.workplace_id, self.user_id)
        if not all(one is None or (0 < len(one) <= _LENGTH_MAX and one.isprintable()) for one in given):
            raise ValueError(f"an id of a context has 1 to {_LENGTH_MAX} characters, all of which can be printed")

    def element(self) -> etree._Element:
        """CCTX:Context; the schema fixes the order."""
        conn = maker(CONN)
        children = [
            conn.MandantId(self.mandant_id),
            conn.ClientSystemId(self.client_system_id),
            conn.WorkplaceId(self.workplace_id),
        ]
        if self.user_id is not None:
            children.append(conn.UserId(self.user_id))
        return maker(CCTX).Context(*children)
