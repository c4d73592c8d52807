"""L-09: what the kernel sees while hostile XML is read: no file and no address that it names."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from documents import xml_reader
from hostile_documents import HOSTILE_XML, in_xml
from peers.ground import require

pytestmark = pytest.mark.slow

NAMING = {
    "external entity": '<!DOCTYPE a [<!ENTITY a SYSTEM "{file}">]>' + in_xml(b'<id value="&a;"/>').decode(),
    "external entity in a text": '<!DOCTYPE a [<!ENTITY a SYSTEM "file://{file}">]>' + in_xml(b"<id>&a;</id>").decode(),
    "external entity of an address": '<!DOCTYPE a [<!ENTITY a SYSTEM "http://{host}/a">]>' + in_xml(b"&a;").decode(),
    "parameter entity": '<!DOCTYPE a [<!ENTITY % a SYSTEM "{file}"> %a;]>' + in_xml(b"").decode(),
    "parameter entity of an address": '<!DOCTYPE a [<!ENTITY % a SYSTEM "ftp://{host}/a"> %a;]>' + in_xml(b"").decode(),
    "external DTD": '<!DOCTYPE a SYSTEM "{file}">' + in_xml(b"").decode(),
    "external DTD of an address": '<!DOCTYPE a SYSTEM "http://{host}/a.dtd">' + in_xml(b"").decode(),
    "public DTD": '<!DOCTYPE a PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "{file}">' + in_xml(b"").decode(),
    "XInclude": in_xml(b'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="FILE"/>')
    .decode()
    .replace("FILE", "{file}"),
    "schema": in_xml(b"")
    .decode()
    .replace(
        "<Bundle ",
        '<Bundle xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:schemaLocation="http://hl7.org/fhir {file}" ',
    ),
    "style sheet": '<?xml-stylesheet type="text/xsl" href="{file}"?>' + in_xml(b"").decode(),
}
"""Each with a file that is there and an address at which somebody could listen."""
SMALL = ("entity bomb", "external entity", "external DTD", "DTD in UTF-7", "unknown entity", "XInclude", "UTF-16")
CALLS = "trace=open,openat,openat2,connect,sendto"


def filled(folder: Path, secret: Path) -> None:
    for place, text in enumerate(NAMING.values()):
        content = text.replace("{file}", str(secret)).replace("{host}", "127.0.0.1:9")
        (folder / f"{place:02d}.xml").write_text(content)
    for name in SMALL:
        (folder / f"{name}.xml").write_bytes(HOSTILE_XML[name][0]())


def calls_of(tmp_path: Path, program: list[str]) -> tuple[str, str]:
    """What it writes, and what the kernel was asked for."""
    require("strace")
    seen = tmp_path / "seen"
    strace = ["strace", "-f", "-s", "4096", "-e", CALLS, "-o", str(seen)]
    done = subprocess.run([*strace, sys.executable, *program], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout, seen.read_text()


def test_l_09_hostile_xml_opens_no_file_and_calls_no_address(tmp_path: Path) -> None:
    folder, secret = tmp_path / "corpus", tmp_path / "secret.dtd"
    folder.mkdir()
    secret.write_text('<!ENTITY a "a">')
    filled(folder, secret)
    said, seen = calls_of(tmp_path, [xml_reader.__file__, str(folder)])
    assert said == "all refused\n"
    opened = set(re.findall(r'open\w*\((?:AT_FDCWD, )?"([^"]+)"', seen))
    assert {str(it) for it in folder.iterdir()} <= opened
    assert not {str(secret), "/etc/passwd"} & opened
    assert not re.search(r"(?:connect|sendto)\(", seen)


def test_l_09_a_file_or_an_address_that_is_asked_for_is_seen(tmp_path: Path) -> None:
    asks = "import socket; open('/etc/passwd').close(); socket.socket().connect_ex(('127.0.0.1', 9))"
    _, seen = calls_of(tmp_path, ["-c", asks])
    assert '"/etc/passwd"' in seen
    assert "connect(" in seen
