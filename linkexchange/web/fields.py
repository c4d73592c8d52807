"""Fields of bodies, paths and answers: checked by the identifiers' own rules, and told in OpenAPI as what they are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field, WithJsonSchema

from linkexchange.model.identifiers import LinkId, Sha256, StudyUid, TelematikId

_UUID = WithJsonSchema(
    {"type": "string", "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", "format": "uuid"}
)
_UID = WithJsonSchema({"type": "string", "pattern": r"^(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+$", "maxLength": 64})
_DIGEST = WithJsonSchema({"type": "string", "pattern": "^[0-9a-f]{64}$"})
_TELEMATIK_ID = WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]?-[!-~]+$", "maxLength": 128})

LinkIdText = Annotated[str, AfterValidator(LinkId), _UUID]
StudyUidText = Annotated[str, AfterValidator(StudyUid), _UID]
DigestText = Annotated[str, AfterValidator(Sha256), _DIGEST]
TelematikIdText = Annotated[str, AfterValidator(TelematikId), _TELEMATIK_ID]
Time = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
"""ISO 8601 with zone, as it is answered."""
Moment = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))]
"""Bounded, since a moment at the edge of what PostgreSQL can hold could be stored and never be read again."""
