"""What the value of a setting must be: each check returns it as it is kept, or raises `ValueError` with the rule.

What is raised never quotes the value: it may be a secret.
"""

from __future__ import annotations

import re
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr

from linkexchange.errors import Fault, SettingRefused
from linkexchange.model.hours import Hours
from linkexchange.model.identifiers import AeTitle, Bsnr, Iknr, Oid, PlainUrl, TelematikId
from linkexchange.model.link import Confidentiality, MediaType

MOVE_TITLES_MAX = 4
CONTEXT_ID_MAX = 64
_DEFAULT_PASSWORDS = ("postgres", "password", "linkexchange", "changeme", "secret", "admin")
_USER_AGENT = re.compile(r"[a-zA-Z0-9-]{1,20}/[a-zA-Z0-9.-]{1,15}")
_PLACE = re.compile(r"(?:\[(?P<six>[^\[\]]+)\]|(?P<name>[^:\[\]]+)):(?P<port>[0-9]{1,5})", re.ASCII)
_HOST = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")


def telematik_id(value: str) -> str:
    """A Telematik-ID."""
    return TelematikId(value)


def ae_title(value: str) -> str:
    """An AE title (PS3.5 VR AE)."""
    return AeTitle(value)


def ae_title_or_none(value: str) -> str:
    """An AE title, or nothing."""
    return AeTitle(value) if value else ""


def bsnr(value: str) -> str:
    """A BSNR, or nothing."""
    return Bsnr(value) if value else ""


def iknr(value: str) -> str:
    """An IKNR with its check digit, or nothing."""
    return Iknr(value) if value else ""


def oid(value: str) -> str:
    """An OID, or nothing."""
    return Oid(value) if value else ""


def codes(name: str) -> str:
    """The name or file of a codes profile that has a format code for link documents."""
    from linkexchange.documents import envelope

    try:
        profile = envelope.named(name)
    except SettingRefused as wrong:
        raise ValueError(wrong.detail) from wrong
    if MediaType.XML.value not in profile.formats:
        raise ValueError(f"no format code for {MediaType.XML.value}, which link documents are")
    return name


def qr_address(text: str) -> str:
    """What stands before the number of a link in a QR code."""
    from linkexchange.documents.addresses import is_plain_address

    if text != "urn:uuid:" and not is_plain_address(text):
        raise ValueError("must be urn:uuid:, or an https address without user, query and fragment")
    return text


def ae_titles(text: str) -> str:
    """A few AE titles, with commas."""
    titles = [AeTitle(word.strip()) for word in text.split(",")]
    if len(set(titles)) > MOVE_TITLES_MAX:
        raise ValueError(f"at most {MOVE_TITLES_MAX} AE titles")
    return ",".join(titles)


def loopback(host: str) -> str:
    """Pages have no login yet, so they are for the own machine only."""
    with suppress(ValueError):
        if host == "localhost" or ip_address(host).is_loopback:
            return host
    raise ValueError("pages have no login yet and are served on a loopback address only")


def hours(text: str) -> str:
    """Spans of hours, with commas."""
    for one in filter(None, text.split(",")):
        Hours.parse(one.strip())
    return text


def hosts(text: str) -> str:
    """IP addresses and names, with commas."""
    return ",".join(host(one.strip()) for one in text.split(",")) if text else ""


def host(text: str) -> str:
    """An IP address, or else a name, which has letters: an address that is misspelt is no name."""
    with suppress(ValueError):
        return str(ip_address(text))
    if not _HOST.fullmatch(text):
        raise ValueError("not an IP address and not the name of a host")
    return text.lower()


def places(text: str) -> str:
    """Hosts with a port each, with commas."""
    return ",".join(place(one.strip()) for one in text.split(",")) if text else ""


def place(text: str) -> str:
    """A host and a port; an IPv6 address stands in brackets."""
    found = _PLACE.fullmatch(text)
    if not found or not 0 < int(found["port"]) < 1 << 16:
        raise ValueError("not a host and a port")
    known = host(found["six"] or found["name"])
    return f"[{known}]:{int(found['port'])}" if found["six"] else f"{known}:{int(found['port'])}"


def charset(term: str) -> str:
    """A character set of HL7 table 0211."""
    from linkexchange.hl7.encoding import codec_of

    try:
        codec_of("", term)
    except Fault as fault:
        raise ValueError("not a character set of HL7 table 0211 that is known here") from fault
    return term


def https(url: str) -> str:
    """An address; without the slash at its end."""
    if not url.startswith("https://"):
        raise ValueError("must begin with https://")
    return url.rstrip("/")


def https_or_none(url: str) -> str:
    """An address, or nothing."""
    return https(url) if url else url


def place_or_none(text: str) -> str:
    """Host and port, or nothing."""
    if text and not re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^\s:\[\]/]+):[1-9][0-9]{0,4}", text):
        raise ValueError("must be a host and a port with a colon between")
    return text


def https_place(url: str) -> str:
    """An address whose slash at the end means something."""
    https(url)
    return url


def https_list(text: str) -> str:
    """Addresses, with commas."""
    return ",".join(https(word.strip()) for word in text.split(","))


def web(url: str) -> str:
    """An address at which something lies that proves itself, so that TLS is not needed."""
    if not url.startswith(("https://", "http://")):
        raise ValueError("must begin with https:// or http://")
    return url


def web_or_none(url: str) -> str:
    """The same, or nothing."""
    return web(url) if url else ""


def context_id(text: str) -> str:
    """An id of a Konnektor's infrastructure model (ConnectorCommon 5.0)."""
    if not (0 < len(text) <= CONTEXT_ID_MAX and text.isprintable()):
        raise ValueError(f"must have 1 to {CONTEXT_ID_MAX} characters that can be printed")
    return text


def user_agent(text: str) -> str:
    """What is told in x-useragent (I_Information_Service)."""
    if not _USER_AGENT.fullmatch(text):
        raise ValueError("must be a client id of up to 20 letters and digits, a slash, and a version")
    return text


def plain_url(url: str) -> str:
    """An address that can carry no secret, or nothing."""
    if not url:
        return ""
    try:
        return PlainUrl(url)
    except ValueError:
        raise ValueError("must be https://host/path, in lower case, without user, query and fragment") from None


def confidentiality(code: str) -> str:
    """A code of v3-Confidentiality, or nothing."""
    if code and code not in set(Confidentiality):
        raise ValueError(f"must be one of {', '.join(Confidentiality)}")
    return code


def postgresql(url: SecretStr | None) -> SecretStr | None:
    """The URL of a PostgreSQL server, or nothing. One on another machine proves itself, and knows us by a password."""
    if not url:
        return url
    if not url.get_secret_value().startswith("postgresql://"):
        raise ValueError("must be postgresql://role:password@host/database")
    parts = urlsplit(url.get_secret_value())
    asked = parse_qs(parts.query)
    if not all(map(_is_here, asked.get("host", [parts.hostname or "localhost"]))):
        if asked.get("sslmode") != ["verify-full"]:
            raise ValueError("a server on another machine needs sslmode=verify-full")
        if (parts.password or "") in {"", parts.username, *_DEFAULT_PASSWORDS}:
            raise ValueError("a server on another machine needs a password of its own")
    return url


def _is_here(place: str) -> bool:
    """A socket, or a loopback address."""
    if place.startswith("/") or place == "localhost":
        return True
    with suppress(ValueError):
        return ip_address(place).is_loopback
    return False


def private(file: Path | None) -> Path | None:
    """A file that is not there is reported where it is read."""
    with suppress(OSError):
        if file and file.stat().st_mode & 0o077:
            raise ValueError("others may read this file; make it 0600")
    return file


def private_files(files: str) -> str:
    """Files with commas between, each for this user only."""
    names = [name.strip() for name in files.split(",") if name.strip()]
    for name in names:
        private(Path(name))
    return ",".join(names)


def partners(entries: str) -> str:
    """Telematik-ID, https address and a file each."""
    for entry in (one for one in entries.split(",") if one.strip()):
        words = entry.split()
        if len(words) != 3:
            raise ValueError("Telematik-ID, address and file, with blanks between")
        telematik_id(words[0])
        https(words[1])
    return entries


def own_folder(folder: Path | None) -> Path | None:
    """One that is not there is made."""
    with suppress(OSError):
        if folder and folder.stat().st_mode & 0o077:
            raise ValueError("others may enter this folder; make it 0700")
    return folder
