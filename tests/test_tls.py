from __future__ import annotations

import ssl
import warnings
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from certificates import Authority, NodeCertificate
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from linkexchange.errors import IdentityRefused, SettingRefused
from linkexchange.model.identifiers import TelematikId
from linkexchange.tls import (
    LastingContext,
    believing_context,
    client_context,
    open_server_context,
    participant_uri,
    server_context,
)

A, B = TelematikId("5-2-hospital-a"), TelematikId("1-2-practice-b")


@pytest.fixture
def ca(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def server(ca: Authority) -> ssl.SSLContext:
    return _server(ca.node(A))


def test_two_nodes_of_one_ca_agree_on_tls_1_3(ca: Authority, server: ssl.SSLContext) -> None:
    assert _handshake(server, _client(ca.node(B))).version() == "TLSv1.3"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_node_is_known_by_address_and_by_name(ca: Authority, server: ssl.SSLContext, host: str) -> None:
    _handshake(server, _client(ca.node(B)), host=host)


@pytest.mark.parametrize("cipher", ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"])
def test_tls_1_2_is_accepted_with_ephemeral_keys_and_gcm(ca: Authority, server: ssl.SSLContext, cipher: str) -> None:
    client = _offering(ca.node(B), ssl.TLSVersion.TLSv1_2, cipher)
    agreed = _handshake(server, client).cipher()
    assert agreed is not None
    assert agreed[0] == cipher


@pytest.mark.parametrize(
    ("version", "ciphers"),
    [
        (ssl.TLSVersion.TLSv1, "ALL:@SECLEVEL=0"),
        (ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0"),
        (ssl.TLSVersion.TLSv1_2, "kRSA:@SECLEVEL=0"),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0"),
        (ssl.TLSVersion.TLSv1_2, "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-CHACHA20-POLY1305"),
        (ssl.TLSVersion.TLSv1_2, "aNULL:eNULL:@SECLEVEL=0"),
    ],
    ids=["tls-1.0", "tls-1.1", "static-rsa", "cbc", "finite-field-dh", "chacha20", "anonymous"],
)
def test_n_02_whatever_is_weaker_is_refused(
    ca: Authority, server: ssl.SSLContext, version: ssl.TLSVersion, ciphers: str
) -> None:
    client = _offering(ca.node(B), version, ciphers)
    with pytest.raises(ssl.SSLError):
        _handshake(server, client)


def test_a_client_without_a_certificate_is_refused(ca: Authority, server: ssl.SSLContext) -> None:
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(ca.certificate)
    with pytest.raises(ssl.SSLError):
        _handshake(server, client)


def test_a_client_of_another_ca_is_refused(ca: Authority, server: ssl.SSLContext, tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "other").node(B)
    with pytest.raises(ssl.SSLError):
        _handshake(server, client_context(stranger.certificate, stranger.key, ca.certificate))


def test_an_expired_client_is_refused(ca: Authority, server: ssl.SSLContext) -> None:
    with pytest.raises(ssl.SSLError):
        _handshake(server, _client(ca.node(B, valid_for=-timedelta(hours=1))))


def test_n_03_an_expired_server_is_refused(ca: Authority) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(_server(ca.node(A, valid_for=-timedelta(hours=1))), _client(ca.node(B)))


def test_n_03_a_server_of_another_name_is_refused(ca: Authority) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(_server(ca.node(A, host="elsewhere.example")), _client(ca.node(B)))


def test_n_03_a_server_of_another_ca_is_refused(ca: Authority, tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "other").node(A)
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(server_context(stranger.certificate, stranger.key, ca.certificate), _client(ca.node(B)))


def test_authorities_of_the_operating_system_are_not_trusted(ca: Authority) -> None:
    assert len(_client(ca.node(B)).get_ca_certs()) == 1


@pytest.mark.parametrize("build", [server_context, client_context])
@pytest.mark.parametrize("missing", ["certificate", "key", "ca"])
def test_a_missing_file_is_a_refused_setting(
    ca: Authority, build: Callable[..., ssl.SSLContext], missing: str, tmp_path: Path
) -> None:
    node = ca.node(A)
    files = {"certificate": node.certificate, "key": node.key, "ca": node.ca, missing: tmp_path / "absent"}
    with pytest.raises(SettingRefused):
        build(**files)


def test_an_encrypted_key_is_refused_without_asking_at_the_terminal(ca: Authority, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    locked = tmp_path / "locked.key"
    secret = BestAvailableEncryption(b"unknown")
    locked.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret))
    with pytest.raises(SettingRefused):
        server_context(ca.node(A).certificate, locked, ca.certificate)


def test_a_certificate_names_its_participant(ca: Authority) -> None:
    assert participant_uri(ca.node(A).der, TelematikId.urn) == A.uri


def test_other_uris_in_a_certificate_do_not_matter(ca: Authority) -> None:
    node = ca.issue(["https://example.org/", A.uri])
    assert participant_uri(node.der, TelematikId.urn) == A.uri


@pytest.mark.parametrize("uris", [[], ["https://example.org/"], [A.uri, B.uri]], ids=["no-uri", "other-uri", "two"])
def test_a_certificate_that_does_not_name_one_participant_is_refused(ca: Authority, uris: list[str]) -> None:
    with pytest.raises(IdentityRefused):
        participant_uri(ca.issue(uris).der, TelematikId.urn)


def test_a_certificate_without_alternative_names_is_refused(ca: Authority) -> None:
    authority = x509.load_pem_x509_certificate(ca.certificate.read_bytes())
    with pytest.raises(IdentityRefused):
        participant_uri(authority.public_bytes(Encoding.DER), TelematikId.urn)


def test_what_is_no_certificate_is_refused() -> None:
    with pytest.raises(IdentityRefused):
        participant_uri(b"no certificate", TelematikId.urn)


def test_a_lasting_listener_shows_the_newest_certificate_to_whoever_comes_next(ca: Authority, tmp_path: Path) -> None:
    older, newer = ca.node(A), ca.node(A)
    certificate, key = tmp_path / "node.pem", tmp_path / "node.key"
    _replace({certificate: older.certificate, key: older.key})
    listener, client = _lasting(certificate, key, ca), _client(ca.node(B))
    assert _shown(listener, client) == older.der
    _replace({key: newer.key, certificate: newer.certificate})
    assert _shown(listener, client) == newer.der


def test_a_lasting_listener_stays_with_what_works_where_newer_files_do_not_fit(ca: Authority, tmp_path: Path) -> None:
    older, newer = ca.node(A), ca.node(A)
    certificate, key = tmp_path / "node.pem", tmp_path / "node.key"
    _replace({certificate: older.certificate, key: older.key})
    listener, client = _lasting(certificate, key, ca), _client(ca.node(B))
    _replace({certificate: newer.certificate})
    assert _shown(listener, client) == older.der
    with pytest.raises(SettingRefused):
        _lasting(certificate, key, ca)


def test_a_lasting_listener_asks_for_a_certificate_of_the_ca_as_any_does(ca: Authority, tmp_path: Path) -> None:
    mine, folder = ca.node(A), tmp_path / "other"
    folder.mkdir()
    listener = _lasting(mine.certificate, mine.key, ca)
    stranger = Authority(folder).node(B)
    client = client_context(stranger.certificate, stranger.key, ca.certificate)
    with pytest.raises(ssl.SSLError):
        _handshake(listener, client)
    assert _handshake(listener, _client(ca.node(B))).version() == "TLSv1.3"


def test_the_desk_lets_in_whoever_has_no_certificate_and_proves_itself(ca: Authority) -> None:
    mine = ca.node(A)
    desk = open_server_context(mine.certificate, mine.key)
    believing = believing_context(ca.certificate.read_text())
    assert _handshake(desk, believing).version() == "TLSv1.3"
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(desk, believing_context(ca.certificate.read_text()), host="elsewhere.example")


def test_a_lasting_client_shows_the_newest_certificate_as_well(ca: Authority, tmp_path: Path) -> None:
    older, newer = ca.node(A), ca.node(A)
    certificate, key = tmp_path / "node.pem", tmp_path / "node.key"
    _replace({certificate: older.certificate, key: older.key})
    caller = LastingContext(partial(client_context, certificate, key, ca.certificate), certificate)
    assert _shown_by(caller, _server(ca.node(B))) == older.der
    _replace({key: newer.key, certificate: newer.certificate})
    assert _shown_by(caller, _server(ca.node(B))) == newer.der
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(_server(ca.node(B)), caller, host="elsewhere.example")


def _lasting(certificate: Path, key: Path, ca: Authority) -> LastingContext:
    return LastingContext(partial(server_context, certificate, key, ca.certificate), certificate)


def _replace(files: Mapping[Path, Path]) -> None:
    for place, content in files.items():
        newer = place.with_suffix(".newer")
        newer.write_bytes(content.read_bytes())
        newer.replace(place)


def _shown_by(client: ssl.SSLContext, server: ssl.SSLContext) -> bytes | None:
    """What the server sees."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(down, up, server_hostname="127.0.0.1"), server.wrap_bio(up, down, server_side=True)]
    waiting = list(ends)
    while waiting:
        waiting = [end for end in waiting if not _done(lambda it: it.do_handshake(), end)]
    return ends[1].getpeercert(binary_form=True)


def _shown(server: ssl.SSLContext, client: ssl.SSLContext) -> bytes | None:
    return _handshake(server, client).getpeercert(binary_form=True)


def _server(node: NodeCertificate) -> ssl.SSLContext:
    return server_context(node.certificate, node.key, node.ca)


def _client(node: NodeCertificate) -> ssl.SSLContext:
    return client_context(node.certificate, node.key, node.ca)


def _offering(node: NodeCertificate, version: ssl.TLSVersion, ciphers: str) -> ssl.SSLContext:
    """A client that offers nothing else."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_cert_chain(node.certificate, node.key)
    client.load_verify_locations(node.ca)
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        client.minimum_version = client.maximum_version = version
    client.set_ciphers(ciphers)
    return client


def _handshake(server: ssl.SSLContext, client: ssl.SSLContext, host: str = "127.0.0.1") -> ssl.SSLObject:
    """Both ends in memory, up to and including a first byte each way; the client's end."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(down, up, server_hostname=host),
        server.wrap_bio(up, down, server_side=True),
    ]
    for step in (lambda end: end.do_handshake(), lambda end: end.write(b"x"), lambda end: end.read(1)):
        waiting = list(ends)
        while waiting:
            waiting = [end for end in waiting if not _done(step, end)]
    return ends[0]


def _done(step: Callable[[ssl.SSLObject], object], end: ssl.SSLObject) -> bool:
    try:
        step(end)
    except ssl.SSLWantReadError:
        return False
    return True
