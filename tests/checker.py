"""Is what a transfer says true? V1 to V8 of threats.md, section 4, by code that imports nothing of the product.

    assert violations(Evidence(...)) == []

It reads what was published, what arrived, the signed proof, rows of the database, folders and logs of connections, and
believes none of them. Each finding begins with the invariant that it breaks.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from digests import digest_of
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite

FINAL = {"complete", "partial", "failed", "stopped"}
HAS = {"stored", "held"}
_PIXELS = 0x7FE00010
_RAW = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"}


@dataclass(frozen=True)
class Image:
    """An encoded data set and its transfer syntax."""

    syntax: str
    content: bytes


@dataclass(frozen=True)
class Arrival:
    """A C-STORE that came whole to the destination, and what it was answered."""

    uid: str
    image: Image
    status: int = 0

    @property
    def is_kept(self) -> bool:
        return self.status == 0 or self.status & 0xF000 == 0xB000


@dataclass(frozen=True)
class Evidence:
    """Everything there is about one transfer.

    `origin` is the published study, `before` what the destination had of it; `row` is the transfer's row, `ledger` its
    instances, `trail` and `hub_trail` are whole audit trails in order. `key` verifies the proof. `exact` says that the
    destination keeps bytes as they come; else equal values are enough. `canaries` are words of the patient, which stand
    in no file of `folders`. `answered` are transfers that a caller was told of, `known` those in the database.
    """

    origin: Mapping[str, Image]
    arrivals: Sequence[Arrival]
    row: Mapping[str, Any]
    trail: Sequence[Mapping[str, Any]]
    hub_trail: Sequence[Mapping[str, Any]]
    proof: str = ""
    key: JWK | None = None
    ledger: Sequence[Mapping[str, Any]] = ()
    before: frozenset[str] = frozenset()
    exact: bool = True
    seconds: float = 0
    deadline_seconds: float = 60
    folders: Sequence[Path] = ()
    canaries: Sequence[bytes] = ()
    open_associations: int = 0
    answered: Iterable[str] = ()
    known: Iterable[str] = ()
    contacted: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()
    claims: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "claims", _claims(self.proof, self.key) if self.proof else {})

    @property
    def transfer(self) -> str:
        return str(self.row["transfer"])

    @property
    def kept(self) -> list[Arrival]:
        return [it for it in self.arrivals if it.is_kept]

    @property
    def there(self) -> set[str]:
        return {it.uid for it in self.kept} | self.before

    @property
    def lines(self) -> Sequence[Mapping[str, Any]]:
        """Of the proof, or of the ledger where a transfer ended without one."""
        return self.claims.get("instances") or self.ledger

    @property
    def reported(self) -> set[str]:
        return {line["sop_instance"] for line in self.lines if line["fate"] in HAS}


def violations(evidence: Evidence) -> list[str]:
    """All that is wrong; empty where nothing is."""
    checks = {"V1": _sets, "V2": _bytes, "V3": _doubles, "V4": _truth}
    checks |= {"V5": _audit, "V6": _clean, "V7": _lost, "V8": _strangers}
    return [f"{name}: {what}" for name, check in checks.items() for what in check(evidence)]


def select(connection: Any, table: str, participant: str, order: str = "1") -> list[dict[str, Any]]:
    """All rows of a participant, over any DB-API connection that may read them."""
    cursor = connection.execute(f"SELECT * FROM {table} WHERE participant = %s ORDER BY {order}", (participant,))
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


# --- V1 to V4: the destination against what is said of it -------------------------------------------------------------


def _sets(evidence: Evidence) -> Iterator[str]:
    for uid in sorted(evidence.reported - evidence.there):
        yield f"{uid} is reported and not there"
    for uid in sorted({it.uid for it in evidence.kept} - evidence.reported):
        yield f"{uid} is there and not reported"
    for uid in sorted({it.uid for it in evidence.arrivals} - evidence.origin.keys()):
        yield f"{uid} has arrived and was never published"


def _bytes(evidence: Evidence) -> Iterator[str]:
    for it in evidence.kept:
        if it.uid in evidence.origin and not _same(evidence.origin[it.uid], it.image, exact=evidence.exact):
            yield f"{it.uid} is not what the origin has"
    arrived = {it.uid: {_digest(one.image) for one in evidence.kept if one.uid == it.uid} for it in evidence.kept}
    for line in evidence.claims.get("instances", ()):
        uid = line["sop_instance"]
        if line["fate"] != "stored" or uid not in evidence.origin:
            continue
        if line.get("note") == "listed, not acknowledged" and line["digest_received"] is None:
            # The worker died before it had written down what it measured.
            continue
        if line["digest_received"] != _digest(evidence.origin[uid]):
            yield f"{uid}: the proof's digest of what was received is not that of the origin"
        if evidence.exact and line["digest_sent"] not in arrived.get(uid, ()):
            yield f"{uid}: the proof's digest of what was sent is not that of what arrived"


def _doubles(evidence: Evidence) -> Iterator[str]:
    attempts = {line["sop_instance"]: line.get("attempts", 0) for line in evidence.lines}
    for uid, count in Counter(it.uid for it in evidence.kept).items():
        different = {it.image.content for it in evidence.kept if it.uid == uid}
        if count > 1 and len(different) > 1:
            yield f"{uid} was stored {count} times, with different bytes"
        elif count > attempts.get(uid, 0):
            yield f"{uid} was stored {count} times and counted {attempts.get(uid, 0)} times"


def _truth(evidence: Evidence) -> Iterator[str]:
    state, claims = evidence.row["state"], evidence.claims
    if state not in FINAL:
        yield f"the state is {state} after {evidence.seconds:.0f} s"
    if evidence.seconds > evidence.deadline_seconds:
        yield f"it took {evidence.seconds:.0f} s"
    if state in {"failed", "stopped"} and not (evidence.row["reason"] or claims):
        yield f"{state} without a reason"
    missing = evidence.origin.keys() - evidence.there
    if state == "complete" and missing:
        yield f"complete, and {len(missing)} are missing"
    if state == "complete" and not claims:
        yield "complete without a proof"
    if claims:
        yield from _counts(evidence)


def _counts(evidence: Evidence) -> Iterator[str]:
    claims, state = evidence.claims, evidence.row["state"]
    listed = Counter(line["sop_instance"] for line in claims["instances"])
    if listed.keys() != evidence.origin.keys() or set(listed.values()) - {1}:
        yield "the proof does not list exactly what was published"
    if (claims["outcome"], claims["transfer"]) != (state, evidence.transfer):
        yield f"the proof says {claims['outcome']} and the row {state}"
    if (claims["stored"], claims["expected"]) != (len(evidence.reported), len(evidence.origin)):
        yield "the counts of the proof are not those of its lines"
    if state == "partial" and not 0 < len(evidence.reported) < len(evidence.origin):
        yield "partial with all or nothing"
    if state == "failed" and evidence.reported:
        yield "failed with something stored"


# --- V5: the trail ----------------------------------------------------------------------------------------------------


def _audit(evidence: Evidence) -> Iterator[str]:
    for name, trail in (("requester", evidence.trail), ("hub", evidence.hub_trail)):
        if (bad := first_bad(trail)) is not None:
            yield f"the chain of the {name} breaks at {bad}"
    mine = [entry for entry in evidence.trail if entry["fields"].get("transfer") == evidence.transfer]
    names = [entry["action"] for entry in mine]
    count = Counter(names)
    yield from _begin_and_end(evidence, count)
    yield from _permission(evidence, names)
    ends = [entry["fields"] for entry in mine if entry["action"] == "pull.ended"]
    if evidence.claims and [end.get("stored") for end in ends] != [evidence.claims["stored"]]:
        yield "the trail and the proof count differently"


def _begin_and_end(evidence: Evidence, count: Mapping[str, int]) -> Iterator[str]:
    if count.get("pull.requested", 0) != 1:
        yield "not requested exactly once"
    ends = count.get("pull.ended", 0) + count.get("pull.refused", 0)
    if ends != (evidence.row["state"] in FINAL):
        yield f"it has {ends} ends"
    if count.get("pull.begun", 0) != count.get("pull.permitted", 0):
        yield "not every permission has its beginning"


def _permission(evidence: Evidence, names: Sequence[str]) -> Iterator[str]:
    decided = Counter(entry["action"] for entry in evidence.hub_trail if _is_about(entry, evidence.transfer))
    if "pull.begun" in names and "pull.permitted" not in names[: names.index("pull.begun")]:
        yield "it has begun before it was permitted"
    if evidence.arrivals and not (decided["pull.granted"] and "pull.permitted" in names):
        yield "instances have arrived without a permission"
    if names.count("pull.permitted") > decided["pull.granted"]:
        yield "more permissions than decisions"


def _is_about(entry: Mapping[str, Any], transfer: str) -> bool:
    return bool(entry["fields"].get("transfer") == transfer)


def first_bad(trail: Sequence[Mapping[str, Any]]) -> int | None:
    """The first entry of a chain that does not follow from the one before it."""
    previous = "0" * 64
    for number, entry in enumerate(trail, start=1):
        if (entry["seq"], entry["previous"], entry["hash"]) != (number, previous, _hash_of(entry)):
            return number
        previous = entry["hash"]
    return None


def _hash_of(entry: Mapping[str, Any]) -> str:
    at: datetime = entry["at"]
    what = {key: entry[key] for key in ("participant", "seq", "action", "fields", "previous")}
    content = {**what, "at": at.astimezone(UTC).isoformat()}
    return _sha(json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())


# --- V6 to V8: what is left, lost or touched --------------------------------------------------------------------------


def _clean(evidence: Evidence) -> Iterator[str]:
    if evidence.open_associations:
        yield f"{evidence.open_associations} associations are open"
    yield from residue(evidence.folders, evidence.canaries)


def residue(folders: Iterable[Path], canaries: Sequence[bytes]) -> Iterator[str]:
    """Files with an image or a canary in them. One that goes while it is looked for has left nothing."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            with suppress(FileNotFoundError):
                if path.is_file() and (why := _residue(path, canaries)):
                    yield f"{path.name} {why}"


def _residue(path: Path, canaries: Sequence[bytes]) -> str:
    content = path.read_bytes()
    if content[128:132] == b"DICM":
        return "is a DICOM file"
    return next((f"holds {word!r}" for word in canaries if word in content), "")


def _lost(evidence: Evidence) -> Iterator[str]:
    known = {str(it) for it in evidence.known}
    for transfer in evidence.answered:
        if str(transfer) not in known:
            yield f"transfer {transfer} was promised and is not known"


def _strangers(evidence: Evidence) -> Iterator[str]:
    for address in sorted(evidence.contacted - evidence.allowed):
        yield f"{address} was contacted"


# --- reading ----------------------------------------------------------------------------------------------------------


def _claims(proof: str, key: JWK | None) -> Mapping[str, Any]:
    token = JWS()
    token.deserialize(proof)
    token.verify(key, alg="ES256")
    claims: Mapping[str, Any] = json.loads(token.payload)
    return claims


def _same(origin: Image, arrived: Image, *, exact: bool) -> bool:
    if exact and origin.syntax == arrived.syntax:
        return origin.content == arrived.content
    return _values(origin) == _values(arrived) and _pixels(origin, arrived)


def _pixels(*images: Image) -> bool:
    """The value where both are uncompressed, or under one syntax; else the pixels themselves."""
    plain = len({it.syntax for it in images}) == 1 or {it.syntax for it in images} <= _RAW
    return len({_pixel_value(it) if plain else _read(it).pixel_array.tobytes() for it in images}) == 1


def _pixel_value(image: Image) -> bytes:
    found = _read(image).get(_PIXELS)
    return bytes(found.value) if found is not None else b""


def _values(image: Image) -> str:
    """A digest of all elements but pixels, group lengths and what says how they are encoded."""
    digest = hashlib.sha256()
    _add(_read(image), digest.update)
    return digest.hexdigest()


def _add(ds: Dataset, update: Any) -> None:
    for element in ds:
        if element.tag == _PIXELS or not element.tag.element or element.keyword in _ENCODING:
            continue
        update(str(element.tag).encode())
        if element.VR == "SQ":
            for part in element.value:
                _add(part, update)
        else:
            update(_plain(element.value))


_ENCODING = {"DataSetTrailingPadding", "PhotometricInterpretation", "PlanarConfiguration"}


def _plain(value: object) -> bytes:
    return value.rstrip(b"\0 ") if isinstance(value, bytes) else str(value).strip("\0 ").encode()


def _read(image: Image) -> Dataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = image.syntax
    head = BytesIO()
    empty = Dataset()
    empty.file_meta = meta
    dcmwrite(head, empty, enforce_file_format=False)
    return dcmread(BytesIO(head.getvalue() + image.content), force=True)


def _digest(image: Image) -> str:
    return digest_of(image.content, image.syntax)


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
