"""gematik's own library, gemLibPki, judges the whole fault matrix: cards, OCSP answers and trust lists.

It is fetched from Maven Central in the version of `gemlibpki/pom.xml`, once into a cache folder, and runs in a JDK.
Whatever it refuses we refuse, for the same reason where it names one. What we refuse and it accepts is listed here.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import kept_tools
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from peers.ground import require
from simulated_tsl import TslScene

from ti_adapter.errors import ProofFailed
from ti_adapter.pki import OcspReason, Reason, TslReason, read_tsl, verify_institution, verify_not_revoked
from ti_adapter.simulator.broken_cards import BROKEN_CARDS
from ti_adapter.simulator.ocsp_broken import BROKEN, asked
from ti_adapter.simulator.tsl import ca_service
from ti_adapter.simulator.tsl_broken import BROKEN_LISTS, KNOWN

pytestmark = [pytest.mark.peers, pytest.mark.slow]

SOURCES = Path(__file__).with_name("gemlibpki")
INSTALL_SECONDS = 300
ACCEPTED = "accepted"

RIGHT = ("card: right", "answer: right", "list: right")
NAMES = (
    *RIGHT,
    *(f"card: {name}" for name in BROKEN_CARDS),
    *(f"answer: {name}" for name in BROKEN),
    *(f"list: {name}" for name in BROKEN_LISTS),
)

STRICTER = {
    "card: signed with another digest": "the TI signs with SHA-256 alone",
    "card: on a NIST curve": "the keys of cards lie on brainpoolP256r1",
    "card: that is a CA": "a CA is no card",
    "card: without admission": "gemLibPki leaves it to its caller what an Admission must say",
    "card: with two admissions": "as above",
    "card: without Telematik-ID": "as above",
    "card: with something else as Telematik-ID": "as above",
    "card: without role": "as above",
    "answer: unknown critical extension": "RFC 6960, section 4.4, and RFC 5280, section 4.2",
    "answer: unknown critical extension about all": "as above",
    "answer: responder of another name": "RFC 6960, section 3.2: who has signed is who is named",
    "answer: signed with another digest": "the TI signs with SHA-256 alone",
    "list: too large": "a limit against bytes without end",
    "list: signer signed with another digest": "the TI signs with SHA-256 alone",
    "list: signer on P-256": "the TSL is signed on brainpoolP256r1",
    "list: no end": "a list that does not end cannot be used beyond its end",
    "list: time without its zone": "as above",
    "list: issued in the future": "a list that was not issued yet",
}

CODES: dict[str, set[str]] = {
    Reason.NOT_YET_VALID: {"SE_1021_CERTIFICATE_NOT_VALID_TIME"},
    Reason.EXPIRED: {"SE_1021_CERTIFICATE_NOT_VALID_TIME"},
    Reason.SELF_ISSUED: {"TE_1027_CA_CERT_MISSING"},
    Reason.ISSUER_UNKNOWN: {"TE_1027_CA_CERT_MISSING"},
    Reason.ISSUER_KEY: {"SE_1023_AUTHORITYKEYID_DIFFERENT"},
    Reason.SIGNATURE: {
        "SE_1024_CERTIFICATE_NOT_VALID_MATH",
        "SE_1031_OCSP_SIGNATURE_ERROR",
        "SE_1013_XML_SIGNATURE_ERROR",
    },
    Reason.KEY_USAGE: {"SE_1016_WRONG_KEYUSAGE"},
    Reason.EXTENDED_KEY_USAGE: {"SE_1017_WRONG_EXTENDEDKEYUSAGE"},
    Reason.TYPE: {"SE_1018_CERT_TYPE_MISMATCH"},
    Reason.CRITICAL_EXTENSION: {"CUSTOM_CERTIFICATE_EXCEPTION"},
    OcspReason.RESPONDER: {"SE_1030_OCSP_CERT_MISSING"},
    OcspReason.CERT_ID: {"TE_1029_OCSP_CHECK_REVOCATION_ERROR"},
    OcspReason.CERT_HASH_MISSING: {"SE_1040_CERTHASH_EXTENSION_MISSING"},
    OcspReason.CERT_HASH_FORM: {"SE_1041_CERTHASH_MISMATCH"},
    OcspReason.CERT_HASH: {"SE_1041_CERTHASH_MISMATCH"},
    OcspReason.PRODUCED_TOO_LATE: {"TE_1029_OCSP_CHECK_REVOCATION_ERROR"},
    OcspReason.PRODUCED_TOO_EARLY: {"TE_1029_OCSP_CHECK_REVOCATION_ERROR"},
    OcspReason.THIS_UPDATE: {"TE_1029_OCSP_CHECK_REVOCATION_ERROR"},
    OcspReason.NEXT_UPDATE: {"TE_1029_OCSP_CHECK_REVOCATION_ERROR"},
    OcspReason.UNKNOWN: {"TW_1044_CERT_UNKNOWN"},
    OcspReason.REVOKED: {"SW_1047_CERT_REVOKED"},
    TslReason.NOT_WELL_FORMED: {"TE_1011_TSL_NOT_WELLFORMED"},
    TslReason.DTD: {"TE_1011_TSL_NOT_WELLFORMED", "TE_1002_TSL_CERT_EXTRACTION_ERROR"},
    TslReason.NOT_A_TSL: {"TE_1012_TSL_SCHEMA_NOT_VALID"},
    TslReason.SIGNATURES: {"TE_1002_TSL_CERT_EXTRACTION_ERROR", "TE_1012_TSL_SCHEMA_NOT_VALID"},
    TslReason.SIGNER_UNREADABLE: {"TE_1002_TSL_CERT_EXTRACTION_ERROR"},
    TslReason.SIGNER_ISSUER: {"TE_1027_CA_CERT_MISSING", "SE_1023_AUTHORITYKEYID_DIFFERENT"},
    TslReason.SIGNER_SIGNATURE: {"SE_1024_CERTIFICATE_NOT_VALID_MATH"},
    TslReason.SIGNER_NOT_VALID: {"SE_1021_CERTIFICATE_NOT_VALID_TIME"},
    TslReason.SIGNER_KEY_USAGE: {"SE_1016_WRONG_KEYUSAGE"},
    TslReason.SIGNER_EXTENDED_KEY_USAGE: {"SE_1017_WRONG_EXTENDEDKEYUSAGE"},
    TslReason.NOT_THE_WHOLE: {"TE_1012_TSL_SCHEMA_NOT_VALID"},
    TslReason.CONTENTS: {"TE_1012_TSL_SCHEMA_NOT_VALID"},
    TslReason.OLDER: {"SE_1007_TSL_ID_INCORRECT"},
    TslReason.SAME_NUMBER: {"SE_1007_TSL_ID_INCORRECT"},
    TslReason.SAME_ID: {"SE_1007_TSL_ID_INCORRECT"},
}
"""By our reason what gemLibPki calls it, where it refuses by a code of gematik and not by an exception of Java."""


Verdicts = tuple[dict[str, str], dict[str, str]]
"""Ours and theirs, by the name of the case."""


@dataclass
class Bench:
    """A folder with cases for gemLibPki, and our own verdict on each."""

    folder: Path
    scene: TslScene
    ours: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def add(self, name: str, content: bytes, prove: Callable[[bytes], object], *more: str) -> None:
        file = f"{len(self.lines)}.bin"
        (self.folder / file).write_bytes(content)
        self.lines.append("\t".join((name.partition(":")[0], name, *more, file)))
        self.ours[name] = verdict(content, prove)

    def theirs(self, library: Path) -> dict[str, str]:
        (self.folder / "cases.tsv").write_text("\n".join(self.lines) + "\n")
        classes = f"{library / 'lib'}/*:{library / 'classes'}"
        now = f"{self.scene.listing.now:%Y-%m-%dT%H:%M:%SZ}"
        subprocess.run(["java", "-cp", classes, "Verdicts", self.folder, now], check=True, timeout=120)
        told = (self.folder / "verdicts.tsv").read_text().splitlines()
        return dict(line.split("\t") for line in told)


def verdict(content: bytes, prove: Callable[[bytes], object]) -> str:
    try:
        prove(content)
    except ProofFailed as refused:
        return refused.reason
    return ACCEPTED


def install(folder: Path) -> None:
    for source in SOURCES.iterdir():
        shutil.copy(source, folder)
    copy = ["dependency:copy-dependencies", "-DoutputDirectory=lib", "-DincludeScope=runtime"]
    kept_tools.run(["mvn", "-q", "-B", *copy], folder, INSTALL_SECONDS)
    kept_tools.run(["javac", "-cp", "lib/*", "-d", "classes", "Verdicts.java"], folder, INSTALL_SECONDS)


@pytest.fixture(scope="module")
def library() -> Path:
    require("mvn", "java", "javac")
    return kept_tools.kept(sorted(SOURCES.iterdir()), install)


@pytest.fixture(scope="module")
def verdicts(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Verdicts:
    """gemLibPki judges lists by its own clock, so the time is the true one."""
    scene = TslScene.made(datetime.now(UTC).replace(microsecond=0))
    bench = Bench(tmp_path_factory.mktemp("gemlibpki"), scene)
    anchor = ca_service(
        scene.listing.ca.certificate,
        scene.listing.now - timedelta(days=1),
        types=(x509.ObjectIdentifier("1.2.276.0.76.4.176"),),
    )
    trusted = scene.listing.signer.issue((*scene.listing.services, anchor), scene.listing.now)
    (bench.folder / "trusted.xml").write_bytes(trusted)
    fill_cards(bench)
    fill_answers(bench)
    fill_lists(bench)
    return bench.ours, bench.theirs(library)


def fill_cards(bench: Bench) -> None:
    scene, now = bench.scene.scene, bench.scene.listing.now

    def prove(content: bytes) -> object:
        return verify_institution(x509.load_der_x509_certificate(content), scene.trust, now)

    cards = {"right": scene.question.certificate, **{name: make(scene.pki) for name, make in BROKEN_CARDS.items()}}
    for name, certificate in cards.items():
        bench.add(f"card: {name}", certificate.public_bytes(Encoding.DER), prove)


def fill_answers(bench: Bench) -> None:
    scene, now = bench.scene.scene, bench.scene.listing.now
    (bench.folder / "asked.der").write_bytes(scene.question.certificate.public_bytes(Encoding.DER))

    def prove(content: bytes) -> object:
        return verify_not_revoked(content, scene.question, scene.trust, now)

    made = asked(scene.question, scene.signer, now)
    for name, answer in {"right": scene.answer(), **{name: make(made) for name, make in BROKEN.items()}}.items():
        bench.add(f"answer: {name}", answer, prove, "asked.der")


def fill_lists(bench: Bench) -> None:
    listing, anchors = bench.scene.listing, bench.scene.anchors
    known = read_tsl(listing.issued(KNOWN), anchors, listing.now)

    def prove(content: bytes) -> object:
        return read_tsl(content, anchors, listing.now, known=known)

    lists = {"right": listing.issued(), **{name: make(listing) for name, make in BROKEN_LISTS.items()}}
    for name, document in lists.items():
        bench.add(f"list: {name}", document, prove)


@pytest.mark.parametrize("name", NAMES)
def test_gemlibpki_and_we_agree_or_we_are_stricter_and_say_why(verdicts: Verdicts, name: str) -> None:
    ours, theirs = (told[name] for told in verdicts)
    if name in RIGHT:
        assert (ours, theirs) == (ACCEPTED, ACCEPTED)
    else:
        assert ours != ACCEPTED
        assert (theirs == ACCEPTED) is (name in STRICTER)


def test_where_gemlibpki_names_a_reason_it_is_ours(verdicts: Verdicts) -> None:
    ours, theirs = verdicts
    named = {name: (ours[name], code) for name, code in theirs.items() if "_" in code}
    assert {name: told for name, told in named.items() if told[1] not in CODES.get(told[0], ())} == {}
    assert len(named) > 50
