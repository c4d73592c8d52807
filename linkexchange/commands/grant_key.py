"""`linkexchange grant-key`: a key for grants, and what others pin of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linkexchange import bootstrap


def grant_key(
    file: Annotated[Path, typer.Argument(help="Where the private key lies, or is to lie: one that is there is kept.")],
) -> None:
    """Make a key with which a resolver signs grants, unless it is there, and print its JWK Set for whoever pins it."""
    if not file.exists():
        bootstrap.make_grant_key(file)
    typer.echo(bootstrap.grant_signer(file).public.to_jwks())
