"""The operations of a Konnektor that a primary system needs in order to be known to the TI."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from cryptography import x509
from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.konnektor import cards, certificates, signing, soap, vsd
from ti_adapter.konnektor.cards import PIN_SMC, CardType, InsertedCard, PinState
from ti_adapter.konnektor.certificates import CertRef, Crypt, Expiration, Verification
from ti_adapter.konnektor.context import Context
from ti_adapter.konnektor.errors import KonnektorSilent
from ti_adapter.konnektor.meanings import MEANINGS, Meanings
from ti_adapter.konnektor.names import SPOKEN, Dialect, Service, Spoken
from ti_adapter.konnektor.sds import Endpoint, ServiceDirectory, choose, read_directory
from ti_adapter.konnektor.transport import Transport
from ti_adapter.konnektor.vsd import Insured

PIN_ENTRY_SECONDS: Final = 120.0
"""For VerifyPin: a person walks to a card terminal."""
ONLINE_CHECK_SECONDS: Final = 60.0
"""For ReadVSD: the Konnektor asks services of the TI before it answers."""

Warned = Callable[[str, Sequence[int]], None]
"""Is told an operation and gematik's codes where the Konnektor has done it, but warns."""


class Konnektor:
    """One Konnektor in one context. Every operation raises `KonnektorError` and nothing else.

    The service directory is read once and again after a silence: endpoints move when a Konnektor is updated.
    `rewrite_endpoints` is for TI-Gateways and NAT (`sds.choose`); `spoken` and `meanings` may differ by product.
    """

    def __init__(
        self,
        transport: Transport,
        context: Context,
        *,
        rewrite_endpoints: bool = False,
        spoken: Spoken = SPOKEN,
        meanings: Meanings = MEANINGS,
        warned: Warned = lambda operation, codes: None,
    ) -> None:
        self._transport = transport
        self._context = context
        self._rewrite = rewrite_endpoints
        self._spoken = spoken
        self._meanings = meanings
        self._warned = warned
        self._directory: ServiceDirectory | None = None

    def directory(self) -> ServiceDirectory:
        """What the Konnektor is, and what it offers."""
        known = self._directory
        if known is None:
            known = self._directory = read_directory(self._transport.directory())
        return known

    def cards(self, kind: CardType | None = None) -> tuple[InsertedCard, ...]:
        """GetCards: the cards that this context may use."""
        endpoint = self._endpoint(Service.EVENT)
        answer = self._call(endpoint, "GetCards", cards.get_cards(endpoint.dialect, self._context, kind))
        return cards.read_cards(answer, self._spoken[Service.CARD])

    def pin_status(self, handle: str, pin: str = PIN_SMC) -> PinState:
        """GetPinStatus."""
        endpoint = self._endpoint(Service.CARD)
        asked = cards.get_pin_status(endpoint.dialect, self._context, handle, pin)
        return cards.read_pin_status(self._call(endpoint, "GetPinStatus", asked), endpoint.dialect)

    def verify_pin(self, handle: str, pin: str = PIN_SMC) -> None:
        """VerifyPin: asks for the PIN at the card terminal and waits. Raises `PinRefused` unless it ends with OK."""
        endpoint = self._endpoint(Service.CARD)
        asked = cards.verify_pin(endpoint.dialect, self._context, handle, pin)
        answer = self._call(endpoint, "VerifyPin", asked, seconds=PIN_ENTRY_SECONDS)
        cards.check_pin_result(answer, endpoint.dialect)

    def certificate(self, handle: str, ref: CertRef = CertRef.AUT, crypt: Crypt = Crypt.ECC) -> x509.Certificate:
        """ReadCardCertificate: one certificate of a card, not proven in any way."""
        endpoint = self._endpoint(Service.CERTIFICATE)
        asked = certificates.read_card_certificate(endpoint.dialect, self._context, handle, ref=ref, crypt=crypt)
        return certificates.read_certificate(self._call(endpoint, "ReadCardCertificate", asked), ref)

    def verify_certificate(self, certificate: x509.Certificate, moment: datetime) -> Verification:
        """VerifyCertificate: the Konnektor checks it against its own TSL and OCSP."""
        endpoint = self._endpoint(Service.CERTIFICATE)
        asked = certificates.verify_certificate(endpoint.dialect, self._context, certificate, moment)
        return certificates.read_verification(self._call(endpoint, "VerifyCertificate", asked), endpoint.dialect)

    def certificate_expirations(self, handle: str | None = None, crypt: Crypt = Crypt.ECC) -> tuple[Expiration, ...]:
        """CheckCertificateExpiration: of one card, or of all and of the Konnektor itself."""
        endpoint = self._endpoint(Service.CERTIFICATE)
        asked = certificates.check_certificate_expiration(endpoint.dialect, self._context, handle, crypt=crypt)
        answer = self._call(endpoint, "CheckCertificateExpiration", asked)
        return certificates.read_expirations(answer, endpoint.dialect)

    def external_authenticate(self, handle: str, digest: bytes) -> bytes:
        """ExternalAuthenticate: the card signs a SHA-256 digest; DER. `signing.jose_signature` makes r||s of it."""
        endpoint = self._endpoint(Service.AUTH_SIGNATURE)
        asked = signing.external_authenticate(endpoint.dialect, self._context, handle, digest)
        return signing.read_signature(self._call(endpoint, "ExternalAuthenticate", asked))

    def read_vsd(self, egk: str, institution: str, *, online_check: bool = True, receipt: bool = True) -> Insured:
        """ReadVSD: the insured person of an eGK, by handle; the card of the institution needs a verified PIN.

        `online_check` lets the Konnektor ask the insurer's service, which may take its time and may update the card.
        """
        endpoint = self._endpoint(Service.VSD)
        asked = vsd.read_vsd(
            endpoint.dialect, self._context, egk, institution, online_check=online_check, receipt=receipt
        )
        answer = self._call(endpoint, "ReadVSD", asked, seconds=ONLINE_CHECK_SECONDS, has_status=False)
        return vsd.read_insured(answer, endpoint.dialect)

    def _endpoint(self, service: Service) -> Endpoint:
        base = self._transport.address.url
        return choose(self.directory(), service, self._spoken[service], base=base, rewrite=self._rewrite)

    def _call(
        self,
        endpoint: Endpoint,
        operation: str,
        message: etree._Element,
        *,
        seconds: float | None = None,
        has_status: bool = True,
    ) -> etree._Element:
        dialect: Dialect = endpoint.dialect
        try:
            content = self._transport.send(
                endpoint.url, dialect.action(operation), soap.envelope(message), seconds=seconds
            )
        except KonnektorSilent:
            self._directory = None
            raise
        answer = soap.answer(content, dialect.name(f"{operation}Response"), self._meanings)
        if has_status and (codes := soap.warnings(answer)):
            self._warned(operation, codes)
        return answer
