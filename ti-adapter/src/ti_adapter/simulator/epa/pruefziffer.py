"""The Pruefziffer of a simulated VSDM service, in both of its layouts, and what a record system reads in it.

    version 1   KVNR (10), unix time (10 digits), "U", key (2), HMAC-SHA-256 over that, 24 bytes of it
    version 2   128 + (operator << 2) + key version, IV (12), AES-128-GCM of hcv (5), time (3), KVNR (10), with tag (16)

The key of version 2 comes from that of version 1 by HKDF-SHA-256. Its time counts steps of 8 s from 2025 on.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

LENGTH = 47
_EPOCH_2025 = 1_735_689_600
_INFO = b"VSDM+ Version 2 AES/GCM"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a Pruefziffer proves; version 1 knows no hash check value."""

    kvnr: str = field(repr=False)
    moment: datetime
    hcv: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class VsdmService:
    """One operator of a VSDM service, which shares its key with the record systems."""

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    operator: str = "X"
    key_version: int = 1

    def version_1(self, kvnr: str, moment: datetime) -> bytes:
        """A Pruefziffer of the old layout."""
        said = f"{kvnr}{int(moment.timestamp()):010}U{self.operator}{self.key_version}".encode()
        return said + self._mac(said)

    def version_2(self, kvnr: str, moment: datetime, hcv: bytes) -> bytes:
        """A Pruefziffer of the new layout."""
        steps = (int(moment.timestamp()) - _EPOCH_2025) >> 3
        iv, content = secrets.token_bytes(12), hcv + steps.to_bytes(3, "big") + kvnr.encode()
        return bytes([self._first_byte]) + iv + AESGCM(self._second_key).encrypt(iv, content, None)

    def read(self, pruefziffer: bytes) -> Evidence:
        """What it proves. Raises ValueError for one of another length or key."""
        if len(pruefziffer) != LENGTH:
            raise ValueError("a Pruefziffer has 47 bytes")
        return self._read_2(pruefziffer) if pruefziffer[0] & 0x80 else self._read_1(pruefziffer)

    def _read_1(self, pruefziffer: bytes) -> Evidence:
        said, mac = pruefziffer[:23], pruefziffer[23:]
        if not hmac.compare_digest(mac, self._mac(said)):
            raise ValueError("not of this service")
        return Evidence(said[:10].decode(), datetime.fromtimestamp(int(said[10:20]), UTC), None)

    def _read_2(self, pruefziffer: bytes) -> Evidence:
        if pruefziffer[0] != self._first_byte:
            raise ValueError("not of this service")
        try:
            content = AESGCM(self._second_key).decrypt(pruefziffer[1:13], pruefziffer[13:], None)
        except InvalidTag:
            raise ValueError("not of this service") from None
        seconds = (int.from_bytes(content[5:8], "big") << 3) + _EPOCH_2025
        return Evidence(content[8:].decode(), datetime.fromtimestamp(seconds, UTC), content[:5])

    @property
    def _first_byte(self) -> int:
        return 128 + ((ord(self.operator) - ord("A")) << 2) + self.key_version

    @property
    def _second_key(self) -> bytes:
        return HKDF(SHA256(), 16, None, _INFO).derive(self.key)

    def _mac(self, said: bytes) -> bytes:
        return hmac.digest(self.key, said, "sha256")[:24]
