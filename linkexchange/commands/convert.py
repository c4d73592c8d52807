"""`linkexchange convert`."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from linkexchange.commands.arguments import kvnr_of, telematik_id_of
from linkexchange.commands.files import contents, put
from linkexchange.documents.conversion import Form, Opened, open_any, written
from linkexchange.documents.kos import Flavour, Supplement
from linkexchange.errors import SettingRefused


def convert(
    file: Annotated[Path, typer.Argument(help="A link document (FHIR XML or JSON) or a DICOM manifest.", exists=True)],
    to: Annotated[Form, typer.Option(help="The form to write.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write, which must not be there yet.")
    ] = None,
    flavour: Annotated[Flavour, typer.Option(help="Which manifest, with --to kos.")] = Flavour.MADO,
    url: Annotated[str, typer.Option(help="Base URL of WADO-RS, where the file says none.")] = "",
    telematik_id: Annotated[str, typer.Option(help="The origin of a manifest that does not name it.")] = "",
    kvnr: Annotated[str, typer.Option(help="The patient of a manifest that does not name the KVNR.")] = "",
    expires: Annotated[str, typer.Option(help="When the link ends, as 2036-03-01T00:00:00+01:00.")] = "",
) -> None:
    """Write a link document as a DICOM manifest, or the other way round. What is written may name a patient."""
    if output is None and to is Form.KOS and sys.stdout.isatty():
        raise SettingRefused("--output: a DICOM file is nothing for a terminal")
    opened = open_any(contents(file), _supplement(telematik_id, kvnr, expires))
    for defect in opened.defects:
        typer.echo(f"{file}: {defect.value}: {defect.sentence}", err=True)
    put(written(_with(opened, url), to, flavour), output)


def _supplement(telematik_id: str, kvnr: str, expires: str) -> Supplement:
    return Supplement(
        telematik_id_of(telematik_id) if telematik_id else None,
        kvnr_of(kvnr) if kvnr else None,
        _moment(expires) if expires else None,
    )


def _moment(value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise SettingRefused("--expires: a time with its zone is wanted")
    return moment


def _with(opened: Opened, url: str) -> Opened:
    return replace(opened, address=url) if url else opened
