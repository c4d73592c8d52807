"""The messages of the handshake as values, and how they travel: CBOR maps with text keys (gemSpec_Krypt, chapter 7).

M1 and M3 go from the client to the VAU, M2 and M4 back. Hashes and signatures are over the bytes as they were sent or
received; nothing is ever encoded a second time for them. Every `decode` raises `HandshakeRefused` with a step from 2 to
6 of `vau.ClientHandshake`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

import cbor2

from ti_adapter.vau import cbor
from ti_adapter.vau.errors import HandshakeRefused, Reason
from ti_adapter.vau.kem import Ciphertexts, PublicKeys

_SIGNATURE_BYTES = 64
_HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class M1:
    """The client's public keys."""

    keys: PublicKeys

    def encode(self) -> bytes:
        """As it is sent."""
        return cbor2.dumps({"MessageType": "M1", **cbor.key_fields(self.keys)})

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """As it was received."""
        return cls(cbor.public_keys(cbor.read_message(body, "M1")))


@dataclass(frozen=True, slots=True)
class M2:
    """The ciphertexts for the client's keys; `aead_ct` hides `SignedKeys`."""

    ciphertexts: Ciphertexts
    aead_ct: bytes

    def encode(self) -> bytes:
        """As it is sent."""
        return cbor2.dumps({"MessageType": "M2", **cbor.ciphertext_fields(self.ciphertexts), "AEAD_ct": self.aead_ct})

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """As it was received."""
        fields = cbor.read_message(body, "M2")
        return cls(cbor.ciphertexts(fields), cbor.field(fields, "AEAD_ct", bytes))


@dataclass(frozen=True, slots=True)
class SignedKeys:
    """The VAU's public keys under the signature of its certificate, which is fetched by `cert_hash` and `cdv`.

    `signed` are the bytes that were signed (`VauKeys`), `signature` is r and s of ECDSA with SHA-256, 32 bytes each.
    """

    signed: bytes
    signature: bytes
    cert_hash: bytes
    cdv: int
    ocsp_response: bytes = field(repr=False)

    @property
    def cert_data_path(self) -> str:
        """Where `CertData` lies."""
        return f"/CertData.{self.cert_hash.hex()}-{self.cdv}"

    def encode(self) -> bytes:
        """As it is sent."""
        return cbor2.dumps(
            {
                "signed_pub_keys": self.signed,
                "signature-ES256": self.signature,
                "cert_hash": self.cert_hash,
                "cdv": self.cdv,
                "ocsp_response": self.ocsp_response,
            }
        )

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """As it was received."""
        fields = cbor.read_map(body)
        cdv = cbor.field(fields, "cdv", int)
        if cdv < 1:
            raise HandshakeRefused(5, Reason.FIELDS)
        return cls(
            cbor.field(fields, "signed_pub_keys", bytes),
            cbor.sized(fields, "signature-ES256", _SIGNATURE_BYTES),
            cbor.sized(fields, "cert_hash", _HASH_BYTES),
            cdv,
            cbor.field(fields, "ocsp_response", bytes),
        )


@dataclass(frozen=True, slots=True)
class VauKeys:
    """The VAU's public keys and the seconds since 1970 from when to when they may be used; `comment` is for people."""

    keys: PublicKeys
    issued: int
    expires: int
    comment: str

    def encode(self) -> bytes:
        """As it is signed."""
        times = {"iat": self.issued, "exp": self.expires}
        return cbor2.dumps({**cbor.key_fields(self.keys), **times, "comment": self.comment})

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """As it was signed."""
        fields = cbor.read_map(body)
        issued, expires = (cbor.field(fields, name, int) for name in ("iat", "exp"))
        return cls(cbor.public_keys(fields), issued, expires, cbor.field(fields, "comment", str))


@dataclass(frozen=True, slots=True)
class CertData:
    """The VAU's certificate and the CA above it, DER. `rca_chain` is ignored: the CA itself must be trusted."""

    certificate: bytes
    authority: bytes
    rca_chain: tuple[bytes, ...] = ()

    def encode(self) -> bytes:
        """As it is sent."""
        return cbor2.dumps({"cert": self.certificate, "ca": self.authority, "rca_chain": list(self.rca_chain)})

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """As it was received."""
        fields = cbor.read_map(body)
        chain = cbor.field(fields, "rca_chain", list)
        if not all(isinstance(one, bytes) for one in chain):
            raise HandshakeRefused(5, Reason.FIELDS)
        return cls(cbor.field(fields, "cert", bytes), cbor.field(fields, "ca", bytes), tuple(chain))


@dataclass(frozen=True, slots=True)
class M3:
    """`aead_ct` hides `SecondCiphertexts`, `key_confirmation` the hash of M1, M2 and `aead_ct`."""

    aead_ct: bytes
    key_confirmation: bytes

    def encode(self) -> bytes:
        """As it is sent."""
        confirmation = {"AEAD_ct_key_confirmation": self.key_confirmation}
        return cbor2.dumps({"MessageType": "M3", "AEAD_ct": self.aead_ct, **confirmation})

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """As it was received."""
        fields = cbor.read_message(body, "M3")
        return cls(*(cbor.field(fields, name, bytes) for name in ("AEAD_ct", "AEAD_ct_key_confirmation")))


@dataclass(frozen=True, slots=True)
class SecondCiphertexts:
    """The ciphertexts for the VAU's keys. ERP and ESO are false towards a record system."""

    ciphertexts: Ciphertexts

    def encode(self) -> bytes:
        """As it is encrypted."""
        return cbor2.dumps({**cbor.ciphertext_fields(self.ciphertexts), "ERP": False, "ESO": False})

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """As it was encrypted."""
        fields = cbor.read_map(body)
        if cbor.field(fields, "ERP", bool) or cbor.field(fields, "ESO", bool):
            raise HandshakeRefused(5, Reason.FIELDS)
        return cls(cbor.ciphertexts(fields))


@dataclass(frozen=True, slots=True)
class M4:
    """`key_confirmation` hides the hash of M1, M2 and M3."""

    key_confirmation: bytes

    def encode(self) -> bytes:
        """As it is sent."""
        return cbor2.dumps({"MessageType": "M4", "AEAD_ct_key_confirmation": self.key_confirmation})

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """As it was received."""
        return cls(cbor.field(cbor.read_message(body, "M4"), "AEAD_ct_key_confirmation", bytes))
