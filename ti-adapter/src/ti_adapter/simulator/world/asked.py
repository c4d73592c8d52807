"""What every call of the switchboard and of the patient's side needs: the key, and the number of an insured person."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import Depends, Header, Request

from ti_adapter.errors import ErrorCode, RecordRefused
from ti_adapter.simulator.world.faults import Faults
from ti_adapter.simulator.world.world import World

STATUSES: Final = {
    ErrorCode.MALFORMED_REQUEST: (400, "A header or the body is missing or malformed."),
    ErrorCode.INVALID_AUTH: (403, "The key is another one."),
    ErrorCode.NO_HEALTH_RECORD: (404, "No such record."),
    ErrorCode.NO_RESOURCE: (404, "No such thing."),
    ErrorCode.STATUS_MISMATCH: (409, "The card is not in its terminal."),
}
_KVNR = re.compile(r"[A-Z][0-9]{9}")


class Unknown(Exception):
    """A name that is none; `known` are those there are."""

    def __init__(self, known: Iterable[str]) -> None:
        super().__init__()
        self.known = sorted(known)


@dataclass(frozen=True, slots=True)
class Switchable:
    """What stands behind the switchboard."""

    world: World
    faults: Mapping[str, Faults]
    admin_key: str = field(repr=False)


async def _asked(request: Request, x_admin_key: Annotated[str, Header()] = "") -> Switchable:
    switchable: Switchable = request.app.state.switchable
    if not secrets.compare_digest(x_admin_key.encode(), switchable.admin_key.encode()):
        raise RecordRefused(ErrorCode.INVALID_AUTH)
    return switchable


async def _insurant(_: Asked, x_insurantid: Annotated[str, Header()]) -> str:
    if not _KVNR.fullmatch(x_insurantid):
        raise RecordRefused(ErrorCode.MALFORMED_REQUEST)
    return x_insurantid


Asked = Annotated[Switchable, Depends(_asked)]
Insurant = Annotated[str, Depends(_insurant)]
