"""`linkexchange sign`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from linkexchange import checks, documents
from linkexchange.commands.files import contents, put
from linkexchange.commands.options import SettingsFile, node_settings
from linkexchange.documents.parsing import guessed
from linkexchange.documents.signatory import Signatory, from_pem
from linkexchange.errors import DocumentFault, SettingRefused, SignatureRefused
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.link import Document

_ONE_OF_TWO = "--certificate and --key, or --card: one of the two is wanted"


def sign(
    file: Annotated[Path, typer.Argument(help="A link document (FHIR XML or JSON).", exists=True)],
    certificate: Annotated[
        Path | None, typer.Option(help="Certificate of the institution in PEM, then those above it.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="Private key of that certificate in PEM, on P-256 or brainpoolP256r1.")
    ] = None,
    card: Annotated[
        bool, typer.Option("--card", help="Sign with this node's institution card, in the place of the two.")
    ] = False,
    beside: Annotated[
        bool, typer.Option("--beside", help="Write the signature alone, to lie beside the document as it is.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write, which must not be there yet.")
    ] = None,
    settings: SettingsFile = None,
) -> None:
    """Sign a link document with the key of the institution that it names as its author."""
    content = contents(file)
    document = Document(content, guessed(content))
    author = documents.read(document).origin.telematik_id
    with _signatory(certificate, key, settings, by_card=card) as signatory:
        put(_beside(document, signatory) if beside else _within(document, signatory, author), output)


@contextmanager
def _signatory(
    certificate: Path | None, key: Path | None, settings: Path | None, *, by_card: bool
) -> Iterator[Signatory]:
    if by_card is bool(certificate or key):
        raise SettingRefused(_ONE_OF_TWO)
    if not by_card:
        yield _of_files(certificate, key)
        return
    from linkexchange import bootstrap
    from linkexchange.telematik import Telematik

    with Telematik(node_settings(settings), bootstrap.now) as telematik:
        yield telematik.signatory()


def _of_files(certificate: Path | None, key: Path | None) -> Signatory:
    if not (certificate and key):
        raise SettingRefused(_ONE_OF_TWO)
    try:
        return from_pem(contents(certificate, name="--certificate"), _private(key))
    except ValueError as wrong:
        raise SettingRefused(f"--certificate, --key: {wrong}") from None


def _private(key: Path) -> bytes:
    try:
        checks.private(key)
    except ValueError as wrong:
        raise SettingRefused(f"--key: {wrong}") from None
    return contents(key, name="--key")


def _beside(document: Document, signatory: Signatory) -> bytes:
    from linkexchange.documents.signature import detached

    jws = detached(document, signatory.chain, signatory.sign)
    _prove(document, jws)
    return jws.encode()


def _within(document: Document, signatory: Signatory, author: TelematikId) -> bytes:
    from linkexchange.documents.signature import enclosed

    try:
        signed = enclosed(document, signatory.chain, signatory.sign, who=author, when=datetime.now(UTC))
    except ValueError as wrong:
        raise SignatureRefused(str(wrong)) from None
    _prove(signed)
    return signed.content


def _prove(document: Document, jws: str | None = None) -> None:
    """Nobody is given a signature that a reader would refuse: another institution's, or by a key that does not fit."""
    from linkexchange.documents.signature import verify

    try:
        verify(document, jws)
    except DocumentFault as fault:
        raise SignatureRefused(fault.detail) from None
