"""A test CA and what it issues: one certificate for each node and one for the hub. For demo and tests only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from linkexchange.certificates import LIFETIME, Authority, new_key, pem_of, write_key
from linkexchange.model.identifiers import TelematikId
from linkexchange.signing import Signer

HUB_URI = "urn:linkexchange:hub"


@dataclass(frozen=True, slots=True)
class Files:
    """Where a certificate, its key and its CA lie, all in PEM."""

    certificate: Path
    key: Path
    ca: Path


class TestCa:
    """A CA whose files lie in `folder`; its key is in memory only, and is gone with the process."""

    __test__ = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.authority = Authority.founded("linkexchange TEST-ONLY CA", datetime.now(UTC), LIFETIME)
        self.certificate = folder / "ca.pem"
        self.certificate.write_text(pem_of(self.authority.certificate))

    def node(self, telematik_id: TelematikId, stem: str, host: str) -> Files:
        """A node's certificate: the Telematik-ID as URI, valid at the address of its host."""
        return self._issue(telematik_id.uri, stem, host)

    def hub(self, host: str) -> Files:
        """The hub's certificate."""
        return self._issue(HUB_URI, "hub", host)

    def _issue(self, uri: str, stem: str, host: str) -> Files:
        key = new_key()
        issued = self.authority.issue(key.public_key(), uri=uri, host=host, now=datetime.now(UTC))
        files = Files(self._folder / f"{stem}.pem", self._folder / f"{stem}.key", self.certificate)
        files.certificate.write_text(pem_of(issued))
        write_key(files.key, key)
        return files


def grant_key(folder: Path) -> tuple[Path, Path]:
    """The hub's key for grants, and the JWK Set that nodes pin."""
    key = new_key()
    private, public = folder / "grant.key", folder / "hub-keys.json"
    write_key(private, key)
    public.write_text(Signer.named(key).public.to_jwks())
    return private, public
