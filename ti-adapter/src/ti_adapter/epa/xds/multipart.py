"""MTOM: a SOAP 1.2 envelope and its documents as one `multipart/related` body (XOP, RFC 2387, RFC 2046).

Strict where the standards leave room: no preamble and no epilogue but white space, no transfer or content encoding that
would change bytes, every part under a Content-ID of its own.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ti_adapter.epa.xds.errors import Malformed, XdsMalformed

SOAP_TYPE = "application/soap+xml"
XOP_TYPE = "application/xop+xml"
_RELATED = "multipart/related"
_ROOT_ID = "root@xds"
_VERBATIM = {"binary", "8bit", "7bit"}
_WORD = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_TYPE = re.compile(rf"\s*({_WORD}/{_WORD})\s*")
_PARAMETER = re.compile(rf';\s*({_WORD})\s*=\s*(?:({_WORD})|"((?:[^"\\\r\n]|\\[^\r\n])*)")\s*')
_HEADER = re.compile(rf"({_WORD}):[ \t]*([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)\r\n")
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
_CONTENT_ID = re.compile(r"<([!-;=?-~]{1,200})>")
_AFTER_BOUNDARY = re.compile(rb"[ \t]*\r\n")


@dataclass(frozen=True, slots=True)
class Limits:
    """What is read at most, counted before anything is built. Sizes in bytes."""

    body_bytes: int = 260_000_000
    parts: int = 200
    header_bytes: int = 4096


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Package:
    """An envelope, and the parts that it refers to by Content-ID, without angle brackets."""

    root: bytes = field(repr=False)
    parts: Mapping[str, bytes] = field(default_factory=dict, repr=False)


def pack(package: Package, action: str) -> tuple[bytes, str]:
    """Body and Content-Type. The boundary is a new random number that occurs in no part."""
    boundary = _boundary(package)
    head = f'{XOP_TYPE}; charset=UTF-8; type="{SOAP_TYPE}"'
    rows = [(_ROOT_ID, head, package.root)]
    rows += [(name, "application/octet-stream", content) for name, content in package.parts.items()]
    pieces: list[bytes] = []
    for name, media_type, content in rows:
        headers = f"Content-Type: {media_type}\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <{name}>"
        pieces += [f"--{boundary}\r\n{headers}\r\n\r\n".encode("ascii"), content, b"\r\n"]
    pieces.append(f"--{boundary}--\r\n".encode("ascii"))
    return b"".join(pieces), (
        f'{_RELATED}; type="{XOP_TYPE}"; boundary="{boundary}"; start="<{_ROOT_ID}>"; '
        f'start-info="{SOAP_TYPE}"; action="{action}"'
    )


def unpack(body: bytes, content_type: str, limits: Limits = LIMITS) -> Package:
    """The reverse; a body that is no multipart is an envelope alone. Raises `XdsMalformed`.

    1. The size of the body. 2. A Content-Type of SOAP 1.2, or of MTOM with a boundary. 3. Parts between their
    boundaries, not too many, and the last boundary. 4. Headers of each part. 5. The root part, by `start` or the first.
    """
    if len(body) > limits.body_bytes:
        raise XdsMalformed(Malformed.SIZE)
    media_type, parameters = parse_type(content_type)
    if media_type == SOAP_TYPE:
        return Package(body)
    if media_type != _RELATED or parameters.get("type", XOP_TYPE).lower() != XOP_TYPE:
        raise XdsMalformed(Malformed.CONTENT_TYPE)
    parts: dict[str, bytes] = {}
    types: dict[str, str] = {}
    for piece in _pieces(body, parameters.get("boundary", ""), limits):
        name, types_of, content = _part(piece, limits)
        if name in parts:
            raise XdsMalformed(Malformed.CONTENT_ID)
        parts[name], types[name] = content, types_of
    start = _start(parameters, parts)
    if types[start] != XOP_TYPE:
        raise XdsMalformed(Malformed.ROOT)
    return Package(parts.pop(start), parts)


def parse_type(content_type: str) -> tuple[str, dict[str, str]]:
    """Media type in small letters, and parameters by their names in small letters. Raises `XdsMalformed`."""
    found = _TYPE.match(content_type)
    if found is None:
        raise XdsMalformed(Malformed.CONTENT_TYPE)
    parameters: dict[str, str] = {}
    at = found.end()
    while at < len(content_type):
        one = _PARAMETER.match(content_type, at)
        if one is None or one[1].lower() in parameters:
            raise XdsMalformed(Malformed.CONTENT_TYPE)
        parameters[one[1].lower()] = one[2] if one[3] is None else re.sub(r"\\(.)", r"\1", one[3])
        at = one.end()
    return found[1].lower(), parameters


def _boundary(package: Package) -> str:
    while True:
        boundary = secrets.token_hex(16)
        if not any(boundary.encode() in one for one in (package.root, *package.parts.values())):
            return boundary


def _pieces(body: bytes, boundary: str, limits: Limits) -> Iterator[bytes]:
    """What stands between two boundaries, headers and content, without the line breaks of the boundaries."""
    if not _BOUNDARY.fullmatch(boundary):
        raise XdsMalformed(Malformed.BOUNDARY)
    mark = b"--" + boundary.encode("ascii")
    delimiter = b"\r\n" + mark
    at = body.find(mark)
    if at < 0 or body[:at].strip() or (at and not body[:at].endswith(b"\n")):
        raise XdsMalformed(Malformed.BOUNDARY)
    at += len(mark)
    for _ in range(limits.parts):
        if body.startswith(b"--", at):
            break
        line = _AFTER_BOUNDARY.match(body, at)
        end = body.find(delimiter, at)
        if line is None or end < 0:
            raise XdsMalformed(Malformed.BOUNDARY)
        # Two boundaries may share a line break, when there is nothing between them.
        yield body[line.end() : max(end, line.end())]
        at = end + len(delimiter)
    if not body.startswith(b"--", at):
        raise XdsMalformed(Malformed.PARTS)
    if body[at + 2 :].strip():
        raise XdsMalformed(Malformed.BOUNDARY)


def _part(piece: bytes, limits: Limits) -> tuple[str, str, bytes]:
    """Content-ID, media type and content of a part."""
    end = piece.find(b"\r\n\r\n", 0, limits.header_bytes)
    if end < 0:
        raise XdsMalformed(Malformed.PART_HEADER)
    headers = _headers(piece[: end + 2])
    encoding = headers.get("content-transfer-encoding", "7bit").strip().lower()
    if encoding not in _VERBATIM or "content-encoding" in headers:
        raise XdsMalformed(Malformed.PART_ENCODING)
    name = _CONTENT_ID.fullmatch(headers.get("content-id", "").strip())
    if name is None:
        raise XdsMalformed(Malformed.CONTENT_ID)
    media_type, _ = parse_type(headers.get("content-type", "application/octet-stream"))
    return name[1], media_type, piece[end + 4 :]


def _headers(content: bytes) -> dict[str, str]:
    if not content.isascii():
        raise XdsMalformed(Malformed.PART_HEADER)
    text, at, headers = content.decode("ascii"), 0, dict[str, str]()
    while at < len(text):
        row = _HEADER.match(text, at)
        if row is None or row[1].lower() in headers:
            raise XdsMalformed(Malformed.PART_HEADER)
        headers[row[1].lower()] = row[2].replace("\r\n", "")
        at = row.end()
    return headers


def _start(parameters: Mapping[str, str], parts: Mapping[str, bytes]) -> str:
    start = parameters.get("start", "").removeprefix("<").removesuffix(">") or next(iter(parts), "")
    if start not in parts:
        raise XdsMalformed(Malformed.ROOT)
    return start
