"""`linkexchange validate`: what is wrong with link documents, all of it."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from linkexchange.commands.files import contents
from linkexchange.documents.parsing import BYTES_MAX, JWS_MAX_BYTES, guessed
from linkexchange.model.link import Document, MediaType
from linkexchange.validation import Report
from linkexchange.validation import validate as validated
from linkexchange.validation.signed import Believe

UNREADABLE = 2


class Format(StrEnum):
    """How the findings are told."""

    TEXT = "text"
    JSON = "json"
    OUTCOME = "outcome"
    JUNIT = "junit"


def validate(
    files: Annotated[list[Path], typer.Argument(help="Link documents, as XML or JSON.")],
    format: Annotated[  # noqa: A002 (the option's name)
        Format,
        typer.Option(help="For people (text), or json, a FHIR OperationOutcome (outcome), or junit."),
    ] = Format.TEXT,
    media_type: Annotated[
        MediaType | None,
        typer.Option(help="What the files are; else the first character of each tells.", show_default=False),
    ] = None,
    signature: Annotated[
        Path | None,
        typer.Option(help="A signature that lies beside the one document.", show_default=False),
    ] = None,
    trust_list: Annotated[
        Path | None,
        typer.Option(help="CA certificates in PEM: a signature counts only by a card of theirs.", show_default=False),
    ] = None,
) -> None:
    """Check link documents against FHIR R4 and our profiles.

    Exit status: 0 all are good, 1 there are errors, 2 a file is unreadable.
    """
    beside, believe = _signature(signature, files), _believing(trust_list)
    reports = [it for file in files if (it := _report(file, media_type, beside, believe))]
    _tell(reports, format)
    if len(reports) < len(files):
        raise typer.Exit(UNREADABLE)
    if not all(it.is_good for it in reports):
        raise typer.Exit(1)


def _signature(file: Path | None, files: list[Path]) -> str | None:
    """What cannot be a signature is found to be none by its first step."""
    if file is None:
        return None
    if len(files) != 1:
        raise typer.BadParameter("a signature lies beside one document")
    try:
        with file.open("rb") as stream:
            return stream.read(JWS_MAX_BYTES + 1).decode("ascii", errors="replace").strip()
    except OSError as fault:
        raise typer.BadParameter(fault.strerror or "cannot be read") from None


def _believing(trust_list: Path | None) -> Believe | None:
    if trust_list is None:
        return None
    from linkexchange.ti import believing

    return believing(contents(trust_list, name="--trust-list"), lambda: datetime.now(UTC))


def _report(file: Path, media_type: MediaType | None, signature: str | None, believe: Believe | None) -> Report | None:
    """None for a file that cannot be read; of one that is too long no more is read than shows that it is."""
    try:
        with file.open("rb") as stream:
            content = stream.read(BYTES_MAX + 1)
    except OSError as fault:
        typer.echo(f"{file}: {fault.strerror}", err=True)
        return None
    document = Document(content, media_type or guessed(content))
    return validated(document, name=str(file), signature=signature, believe=believe)


def _tell(reports: list[Report], form: Format) -> None:
    from linkexchange.validation import machine, people

    if form is Format.TEXT:
        from rich.console import Console

        people.show(reports, Console(highlight=False))
        return
    written = {Format.JSON: machine.as_json, Format.OUTCOME: machine.as_outcome, Format.JUNIT: machine.as_junit}
    typer.echo(written[form](reports))
