"""`linkexchange sign`, and `validate` of what it writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from certificates import Authority, NodeCertificate
from konnektor_bench import CONTEXT, make_konnektor, running
from kos_samples import GOOD
from link_samples import HINT
from simulated_ti import make_pki
from typer.testing import CliRunner, Result

from linkexchange import documents
from linkexchange.commands import app
from linkexchange.documents import kos
from linkexchange.documents.signature import verify
from linkexchange.errors import DocumentFault, Owner, SettingRefused, SignatureRefused
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.link import Document, MediaType
from ti_adapter.konnektor import BasicAuthentication
from ti_adapter.simulator.pki import SimulatedPki
from ti_adapter.simulator.shape import SimulatedInstitution

pytestmark = pytest.mark.slow

AUTHOR = GOOD.origin.telematik_id


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [*map(str, words)], env={"COLUMNS": "200", "NO_COLOR": "1"})


def by(node: NodeCertificate) -> tuple[str | Path, ...]:
    return ("--certificate", node.certificate, "--key", node.key)


@pytest.fixture
def ca(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture(params=MediaType, ids=["XML", "JSON"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "document"
    path.write_bytes(documents.write(GOOD, request.param, node_url_hint=HINT).content)
    return path


def test_a_document_is_signed_within_by_key_and_certificate(file: Path, ca: Authority, tmp_path: Path) -> None:
    signed = tmp_path / "signed"
    assert run("sign", file, *by(ca.node(AUTHOR)), "-o", signed).exit_code == 0
    assert signed.stat().st_mode & 0o777 == 0o600
    assert run("validate", signed).exit_code == 0
    kind = MediaType.XML if signed.read_bytes().startswith(b"<") else MediaType.JSON
    found = verify(Document(signed.read_bytes(), kind))
    assert found
    assert found.institution == AUTHOR


@contextmanager
def node_with_card(ca: Authority, folder: Path) -> Iterator[Path]:
    """The settings of a node whose Konnektor has a card of the author."""
    files, konnektor = ca.node(AUTHOR), make_konnektor()
    konnektor.pull(konnektor.cards[0].handle)
    konnektor.enter_pin(konnektor.insert(make_pki().card(SimulatedInstitution(AUTHOR, "Klinikum Süd"))))
    user = BasicAuthentication("linkexchange", "of the client system")
    tls = {"ssl_certfile": files.certificate, "ssl_keyfile": files.key}
    with running(konnektor, authentication=user, **tls) as bench:
        told = {
            "state_folder": folder,
            "tls_certificate": files.certificate,
            "tls_key": files.key,
            "tls_ca": ca.certificate,
            "hub_url": "https://hub.example",
            "hub_keys": folder / "keys",
            "node_url": "https://node.example",
            "telematik_id": AUTHOR,
            "name": "Klinikum Süd",
            "konnektor_url": bench.url,
            "konnektor_certificate": files.certificate,
            "konnektor_user": user.user,
            "konnektor_password": user.password,
            "konnektor_mandant": CONTEXT.mandant_id,
            "konnektor_client_system": CONTEXT.client_system_id,
            "konnektor_workplace": CONTEXT.workplace_id,
            "tsl_url": "http://tsl.example/",
            "tsl_anchor": ca.certificate,
            "ti_ca": ca.certificate,
            "idp_url": "https://idp.example",
            "record_urls": "https://epa.example",
            "ti_user_agent": "TESTONLY/1.0",
        }
        rows = [f"{key} = '{value}'" for key, value in told.items()]
        (folder / "node.toml").write_text("\n".join([*rows, "listen_port = 8443", "pages_port = 8080"]))
        yield folder / "node.toml"


def test_a_document_is_signed_beside_by_the_card_of_its_institution(file: Path, ca: Authority, tmp_path: Path) -> None:
    signature, before = tmp_path / "signature.jws", file.read_bytes()
    with node_with_card(ca, tmp_path) as settings:
        done = run("sign", file, "--card", "--settings", settings, "--beside", "-o", signature)
    assert (done.exit_code, done.exception) == (0, None)
    assert run("validate", file, "--signature", signature).exit_code == 0
    assert file.read_bytes() == before


def test_without_an_output_the_signature_goes_out(file: Path, ca: Authority) -> None:
    done = run("sign", file, *by(ca.node(AUTHOR)), "--beside")
    assert done.stdout.count(".") == 2


def test_another_institution_cannot_sign_for_the_author(file: Path, ca: Authority, tmp_path: Path) -> None:
    refused = run("sign", file, *by(ca.node(TelematikId("5-2-999999"))), "-o", tmp_path / "signed").exception
    assert isinstance(refused, SignatureRefused)
    assert "the certificate is not that of the author's institution" in refused.cause
    assert (refused.owner, "names as its author" in refused.next_step) == (Owner.OWN_NODE, True)
    assert not (tmp_path / "signed").exists()


def test_a_certificate_that_names_nobody_cannot_sign(file: Path, ca: Authority) -> None:
    refused = run("sign", file, *by(ca.issue([]))).exception
    assert isinstance(refused, SignatureRefused)
    assert "does not name one institution" in refused.cause


def test_a_document_is_signed_once(file: Path, ca: Authority, tmp_path: Path) -> None:
    node = ca.node(AUTHOR)
    run("sign", file, *by(node), "-o", tmp_path / "signed")
    refused = run("sign", tmp_path / "signed", *by(node)).exception
    assert isinstance(refused, SignatureRefused)
    assert "is signed" in refused.cause


def test_a_key_that_others_may_read_is_refused(file: Path, ca: Authority) -> None:
    node = ca.node(AUTHOR)
    node.key.chmod(0o640)
    refused = run("sign", file, *by(node)).exception
    assert isinstance(refused, SettingRefused)
    assert "others may read" in refused.detail


def test_the_key_must_be_that_of_the_certificate(file: Path, ca: Authority) -> None:
    one, other = ca.node(AUTHOR), ca.node(AUTHOR)
    refused = run("sign", file, "--certificate", one.certificate, "--key", other.key).exception
    assert isinstance(refused, SettingRefused)
    assert "not that of the first certificate" in refused.detail


def test_either_key_and_certificate_or_a_card_is_wanted(file: Path, ca: Authority) -> None:
    node = ca.node(AUTHOR)
    for words in ((), ("--key", node.key), (*by(node), "--card"), ("--certificate", node.certificate)):
        refused = run("sign", file, *words).exception
        assert isinstance(refused, SettingRefused)
        assert "one of the two is wanted" in refused.detail


def test_a_manifest_of_dicom_is_not_signed(tmp_path: Path, ca: Authority) -> None:
    path = tmp_path / "link.dcm"
    path.write_bytes(kos.write(GOOD))
    assert isinstance(run("sign", path, *by(ca.node(AUTHOR))).exception, DocumentFault)


def test_a_file_that_is_there_is_not_written_over(file: Path, ca: Authority) -> None:
    assert isinstance(run("sign", file, *by(ca.node(AUTHOR)), "-o", file).exception, SettingRefused)


def test_validate_finds_a_signature_of_another_document(file: Path, ca: Authority, tmp_path: Path) -> None:
    other, signature = tmp_path / "other.xml", tmp_path / "signature.jws"
    node = ca.node(AUTHOR)
    other.write_bytes((Path(__file__).parents[2] / "fhir-profiles/examples/ct.xml").read_bytes())
    assert run("sign", other, *by(node), "--beside", "-o", signature).exit_code == 0
    told = run("validate", file, "--signature", signature)
    assert (told.exit_code, "[document:signature]" in told.stdout) == (1, True)


def test_a_signature_lies_beside_one_document(file: Path, tmp_path: Path) -> None:
    assert run("validate", file, file, "--signature", file).exit_code == 2
    assert run("validate", file, "--signature", tmp_path / "none").exit_code == 2


def signed_by(pki: SimulatedPki, file: Path, folder: Path) -> Path:
    card = folder / "card"
    pki.card(SimulatedInstitution(AUTHOR, "Klinikum Süd")).save(card)
    files = ("--certificate", card / "certificate.pem", "--key", card / "key.pem")
    assert run("sign", file, *files, "-o", folder / "signed").exit_code == 0
    return folder / "signed"


def trusting(pki: SimulatedPki, folder: Path) -> tuple[str, Path]:
    (folder / "trust.pem").write_bytes(pki.trust_pem)
    return "--trust-list", folder / "trust.pem"


def test_by_a_trust_list_a_signature_of_a_card_that_it_knows_is_good(file: Path, tmp_path: Path) -> None:
    pki = make_pki()
    assert run("validate", signed_by(pki, file, tmp_path), *trusting(pki, tmp_path)).exit_code == 0
    assert run("validate", file, *trusting(pki, tmp_path)).exit_code == 0


def test_by_a_trust_list_a_signature_of_anybody_elses_card_is_none(file: Path, tmp_path: Path) -> None:
    told = run("validate", signed_by(make_pki(), file, tmp_path), *trusting(make_pki(), tmp_path))
    assert (told.exit_code, "[document:signature]" in told.stdout) == (1, True)
    assert "issuer-key-unknown" in told.stdout


def test_by_a_trust_list_the_key_of_a_node_is_no_card(file: Path, ca: Authority, tmp_path: Path) -> None:
    assert run("sign", file, *by(ca.node(AUTHOR)), "-o", tmp_path / "signed").exit_code == 0
    assert run("validate", tmp_path / "signed", *trusting(make_pki(), tmp_path)).exit_code == 1


def test_a_trust_list_that_is_none_is_refused(file: Path, tmp_path: Path) -> None:
    assert isinstance(run("validate", file, "--trust-list", file).exception, SettingRefused)
    assert isinstance(run("validate", file, "--trust-list", tmp_path / "none").exception, SettingRefused)
