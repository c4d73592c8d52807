"""Form fields as identifiers. A wrong one is answered with 422 and never repeated: it may be a patient's number."""

from __future__ import annotations

from typing import Annotated, TypeVar

from fastapi import Form, HTTPException

from linkexchange.model.identifiers import Identifier, Kvnr

_Kind = TypeVar("_Kind", bound=Identifier)
Field = Annotated[str, Form(max_length=200)]


def identifier(kind: type[_Kind], value: str) -> _Kind:
    """A field that only our own pages fill in; raises 422 for anything else."""
    try:
        return kind(value)
    except ValueError:
        raise HTTPException(422) from None


def kvnr_of(typed: str) -> Kvnr | None:
    """What a person has typed or a reader has sent, with spaces and in any case; None when it is no KVNR."""
    try:
        return Kvnr("".join(typed.split()).upper())
    except ValueError:
        return None
