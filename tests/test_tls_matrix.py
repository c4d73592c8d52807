"""What two real listeners, the hub's and that of a node's data port, agree on with OpenSSL's own client.

Accepted means that an HTTP answer came; refused, that none came, although the client itself could do what it offered.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import listening
import pytest
from certificates import Authority, NodeCertificate
from starlette.responses import Response

from linkexchange.model.identifiers import TelematikId
from linkexchange.ports import Brake
from linkexchange.threaded import Answer, Request

pytestmark = pytest.mark.slow

ASKED = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
LEVEL_0 = "@SECLEVEL=0"
ACCEPTED = {
    "tls 1.3, aes 256": ["-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384"],
    "tls 1.3, aes 128": ["-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"],
    "tls 1.2, aes 256": ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"],
    "tls 1.2, aes 128": ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"],
    "what a client offers by itself": [],
}
REFUSED = {
    "tls 1.0": ["-tls1", "-cipher", f"ALL:{LEVEL_0}"],
    "tls 1.1": ["-tls1_1", "-cipher", f"ALL:{LEVEL_0}"],
    "static rsa": ["-tls1_2", "-cipher", f"AES128-GCM-SHA256:AES256-SHA:{LEVEL_0}"],
    "cbc": ["-tls1_2", "-cipher", f"ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA384:{LEVEL_0}"],
    "cbc with sha-1": ["-tls1_2", "-cipher", f"ECDHE-ECDSA-AES256-SHA:ECDHE-ECDSA-AES128-SHA:{LEVEL_0}"],
    "finite-field dh": ["-tls1_2", "-cipher", f"DHE-RSA-AES256-GCM-SHA384:{LEVEL_0}"],
    "ccm": ["-tls1_2", "-cipher", f"ECDHE-ECDSA-AES128-CCM8:{LEVEL_0}"],
    "chacha20 in tls 1.2": ["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"],
    "anonymous": ["-tls1_2", "-cipher", f"ADH-AES256-GCM-SHA384:AECDH-AES256-SHA:{LEVEL_0}"],
    "no encryption": ["-tls1_2", "-cipher", f"ECDHE-ECDSA-NULL-SHA:NULL-SHA256:{LEVEL_0}"],
    "a pre-shared key": ["-tls1_2", "-cipher", f"PSK-AES256-GCM-SHA384:{LEVEL_0}", "-psk", "00"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert shutil.which("openssl"), "OpenSSL's command is needed"
    return tmp_path_factory.mktemp("matrix")


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    return Authority(folder)


@pytest.fixture(scope="module")
def node(authority: Authority) -> NodeCertificate:
    return authority.node(TelematikId("1-2-practice"))


@pytest.fixture(scope="module", params=["hub", "data port of a node"])
def port(request: pytest.FixtureRequest, authority: Authority) -> Iterator[int]:
    context = authority.node(TelematikId("5-2-hospital")).server_context()
    if request.param == "hub":
        with listening.on(Response("ok"), context) as port:
            yield port
    else:
        with listening.answering(_answer, context) as port:
            yield port


def _answer(request: Request, brake: Brake) -> Answer:
    return Answer(200)


def _ask(port: int, shown: NodeCertificate | None, *options: str, said: bytes = ASKED) -> str:
    """All that OpenSSL's client tells, and the answer that it got."""
    mine = ["-cert", str(shown.certificate), "-key", str(shown.key)] if shown else []
    where = ["-connect", f"127.0.0.1:{port}", "-servername", "localhost"]
    command = ["openssl", "s_client", *where, *mine, *options]
    done = subprocess.run(command, input=said, capture_output=True, timeout=20, check=False)
    told = (done.stdout + done.stderr).decode("latin-1")
    assert "no cipher match" not in told, "the client cannot do this itself"
    return told


@pytest.mark.parametrize("kind", ACCEPTED)
def test_n_02_what_is_wanted_is_accepted(port: int, node: NodeCertificate, kind: str) -> None:
    told = _ask(port, node, "-ign_eof", *ACCEPTED[kind])
    assert "HTTP/1.1 200" in told
    assert "Compression: NONE" in told or "Compression" not in told


@pytest.mark.parametrize("kind", REFUSED)
def test_n_02_whatever_is_weaker_is_refused_by_both_listeners(port: int, node: NodeCertificate, kind: str) -> None:
    told = _ask(port, node, "-ign_eof", *REFUSED[kind])
    assert "HTTP/1.1" not in told
    assert "CONNECTED" in told
    assert "Cipher is (NONE)" in told


def test_n_02_nobody_renegotiates(port: int, node: NodeCertificate) -> None:
    told = _ask(port, node, "-tls1_2", said=b"R\n" + ASKED)
    assert "RENEGOTIATING" in told
    assert "HTTP/1.1 200" not in told


def test_n_03_who_shows_another_certificate_or_none_is_refused(port: int, authority: Authority, folder: Path) -> None:
    strangers = Authority(folder, "stranger")
    telematik_id = TelematikId("1-2-practice")
    shown = [
        None,
        strangers.node(telematik_id),
        authority.node(telematik_id, valid_for=timedelta(days=-1)),
    ]
    assert ["HTTP/1.1" in _ask(port, one, "-ign_eof") for one in shown] == [False, False, False]


def test_n_03_clear_text_is_not_answered(port: int) -> None:
    received = b""
    with socket.create_connection(("127.0.0.1", port), 10) as plain, suppress(ConnectionError):
        plain.sendall(ASKED)
        received = plain.recv(100)
    assert b"HTTP" not in received
