"""What the Konnektor would not or could not do: the class says what happens next, the reason what somebody does.

All are `CardFailed`: whatever stands between us and the card, the card does not sign now. No text of the Konnektor is
repeated, since it may hold a name or a number of an insured person; the code of gematik is.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from ti_adapter.errors import CardFailed


class KonnektorError(CardFailed):
    """The one base; `reason` is stable and `advice` is for the administrator."""

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(reason, advice)
        self.reason = reason
        self.advice = advice

    def __str__(self) -> str:
        return f"Konnektor: {self.reason}. {self.advice}"


class _Advised(KonnektorError):
    """Has one advice for each reason."""

    advices: ClassVar[dict[StrEnum, str]]

    def __init__(self, reason: StrEnum) -> None:
        super().__init__(reason, self.advices[reason])


class Silence(StrEnum):
    """Why there is no answer."""

    UNREACHABLE = "unreachable"
    TLS = "tls"
    TIMEOUT = "time-out"
    BROKEN_OFF = "broken-off"
    TOO_LARGE = "too-large"
    STATUS = "http-status"


class KonnektorSilent(_Advised):
    """There is no answer, or what answers is no Konnektor; later may work."""

    advices: ClassVar[dict[StrEnum, str]] = {
        Silence.UNREACHABLE: "Check that the Konnektor runs and that its address and port are right.",
        Silence.TLS: "Check the trusted certificate of the Konnektor, the client certificate and the curve.",
        Silence.TIMEOUT: "Check the load of the Konnektor and whether somebody is asked at a card terminal.",
        Silence.BROKEN_OFF: "Check the network between this machine and the Konnektor.",
        Silence.TOO_LARGE: "Check that the address is that of the Konnektor: its answers are small.",
        Silence.STATUS: "Check that the address is that of the Konnektor, and whether it is starting.",
    }


class AccessRefused(KonnektorError):
    """The Konnektor does not let this client in (HTTP 401 or 403)."""

    def __init__(self) -> None:
        super().__init__("access", "Check user and password, or the client certificate, of this client system.")


class Malformed(StrEnum):
    """What is wrong with a message."""

    SIZE = "size"
    XML = "xml"
    DTD = "dtd"
    SOAP = "soap"
    OTHER_MESSAGE = "other-message"
    ELEMENT = "element"
    VALUE = "value"


class MessageMalformed(KonnektorError):
    """A message does not follow its schema; asking again changes nothing. `where` names an element, never a value."""

    def __init__(self, reason: Malformed, where: str = "") -> None:
        super().__init__(reason, "Tell the maker of the Konnektor, or check what stands between it and this machine.")
        self.where = where

    def __str__(self) -> str:
        return f"Konnektor: malformed message, {self.reason} {self.where}".rstrip()


class Directory(StrEnum):
    """Why no endpoint is taken from the service directory."""

    SERVICE = "service-missing"
    VERSION = "version-unknown"
    ENDPOINT = "endpoint-missing"
    ADDRESS = "endpoint-unusable"
    CLEAR_TEXT = "endpoint-clear-text"
    OTHER_HOST = "endpoint-at-another-host"


class DirectoryRefused(_Advised):
    """The service directory (`connector.sds`) offers nothing that may be called."""

    advices: ClassVar[dict[StrEnum, str]] = {
        Directory.SERVICE: "The Konnektor does not offer this service: check its licence and firmware.",
        Directory.VERSION: "The Konnektor offers no version that is spoken here: update it, or this software.",
        Directory.ENDPOINT: "The Konnektor offers no address of this kind: use TLS.",
        Directory.ADDRESS: "The service directory names an address that is none: tell the maker of the Konnektor.",
        Directory.CLEAR_TEXT: "The service directory names an address without TLS: switch TLS on in the Konnektor.",
        Directory.OTHER_HOST: "The service directory names another host: use that host as the address of the "
        "Konnektor, or switch the rewriting of endpoints on (TI-Gateway, NAT).",
    }


class KonnektorFault(KonnektorError):
    """A SOAP fault with gematik's Error: its code, and what that means."""

    def __init__(self, code: int, reason: str, advice: str) -> None:
        super().__init__(reason, advice)
        self.code = code

    def __str__(self) -> str:
        return f"Konnektor: fault {self.code}, {self.reason}. {self.advice}"


class RequestRefused(KonnektorFault):
    """The request itself is wrong; a fault of this software or of its version."""


class ConfigurationRefused(KonnektorFault):
    """Context and infrastructure model of the Konnektor do not go together; nothing changes until somebody acts."""


class CardUnusable(KonnektorFault):
    """The card is not there, another one, or has not what is asked for."""


class HandleOutdated(CardUnusable):
    """The handle names no card any more: it was pulled, or the Konnektor has restarted. A new handle may work."""


class PinRequired(KonnektorFault):
    """The card does nothing before its PIN is verified: a person has to act at a card terminal."""


class KonnektorBusy(KonnektorFault):
    """Card or terminal are busy or slow; later may work."""


class KonnektorFailed(KonnektorFault):
    """The Konnektor itself is not well, or gives a code that is not known here."""


class CardMissing(KonnektorError):
    """No card of the institution is there."""

    def __init__(self) -> None:
        super().__init__("no-smc-b", "Insert the SMC-B, or release it for this client system in the Konnektor.")


class CardAmbiguous(KonnektorError):
    """More than one card of an institution is there, and none is chosen."""

    def __init__(self) -> None:
        super().__init__("several-smc-b", "Name the card to be used by its ICCSN.")


class CertificateMissing(KonnektorError):
    """The Konnektor has answered without the certificate that was asked for."""

    def __init__(self) -> None:
        super().__init__("no-certificate", "The card has no certificate on brainpoolP256r1: it needs to be exchanged.")


class SignatureWrong(KonnektorError):
    """The signature is not one of the card's certificate over what was to be signed."""

    def __init__(self) -> None:
        super().__init__("signature-wrong", "Check whether the card was exchanged; else tell the Konnektor's maker.")


class PinRefused(KonnektorError):
    """VerifyPin has not ended with OK. `result` is gematik's PinResult, `left_tries` may be unknown."""

    def __init__(self, result: str, left_tries: int | None) -> None:
        super().__init__(f"pin-{result.lower()}", "Enter the PIN again with care; a blocked PIN needs the PUK.")
        self.result = result
        self.left_tries = left_tries
