from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from unsafe_settings import PROVEN, SECRET, UNSAFE

from linkexchange.documents import envelope
from linkexchange.errors import SettingRefused
from linkexchange.model.identifiers import Bsnr, Iknr, Oid, PlainUrl
from linkexchange.model.link import Confidentiality, Numbers, Particulars
from linkexchange.settings import HubSettings, NodeSettings, load


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in [key for key in os.environ if key.startswith("LINKEXCHANGE_")]:
        monkeypatch.delenv(key)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A private key's file, as it should be."""
    file = tmp_path / "node.key"
    file.write_text("key")
    file.chmod(0o600)
    return file


@pytest.fixture
def complete(tmp_path: Path, key: Path) -> dict[str, str]:
    """What a node cannot do without, as environment variables."""
    return {
        "STATE_FOLDER": str(tmp_path),
        "TLS_CERTIFICATE": str(tmp_path / "node.pem"),
        "TLS_KEY": str(key),
        "TLS_CA": str(tmp_path / "ca.pem"),
        "HUB_URL": "https://hub.example/",
        "LISTEN_PORT": "8443",
        "PAGES_PORT": "8080",
        "TELEMATIK_ID": "1-2-practice",
        "NAME": "Praxis am Markt",
        "NODE_URL": "https://practice.example",
        "HUB_KEYS": str(tmp_path / "hub-keys.json"),
        "TSL_URL": "http://tsl.example/list.xml",
        "TSL_ANCHOR": str(tmp_path / "tsl-ca.pem"),
        "KONNEKTOR_URL": "https://konnektor.example/",
        "KONNEKTOR_CERTIFICATE": str(tmp_path / "konnektor.pem"),
        "KONNEKTOR_USER": "linkexchange",
        "KONNEKTOR_MANDANT": "Mandant1",
        "KONNEKTOR_CLIENT_SYSTEM": "Clientsystem1",
        "KONNEKTOR_WORKPLACE": "Arbeitsplatz1",
        "TI_CA": str(tmp_path / "ti-ca.pem"),
        "IDP_URL": "https://idp.example",
        "RECORD_URLS": "https://epa-as-1.example,https://epa-as-2.example/",
        "TI_USER_AGENT": "CLIENTID1234567890AB/1.0",
    }


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch, complete: dict[str, str]) -> Callable[..., NodeSettings]:
    """Load a node's settings with these changes to the environment; None takes a key away."""

    def reading(file: Path | None = None, /, **change: str | None) -> NodeSettings:
        for name, value in {**complete, **change}.items():
            monkeypatch.delenv(f"LINKEXCHANGE_{name}", raising=False)
            if value is not None:
                monkeypatch.setenv(f"LINKEXCHANGE_{name}", value)
        return load(NodeSettings, file)

    return reading


@pytest.fixture
def refused(read: Callable[..., NodeSettings]) -> Callable[..., str]:
    def refusing(file: Path | None = None, /, **change: str | None) -> str:
        with pytest.raises(SettingRefused) as refusal:
            read(file, **change)
        return refusal.value.detail

    return refusing


def test_settings_come_from_the_environment(read: Callable[..., NodeSettings]) -> None:
    settings = read()
    assert (settings.listen_port, settings.hub_url, settings.telematik_id) == (
        8443,
        "https://hub.example",
        "1-2-practice",
    )


def test_what_is_not_said_has_a_default(read: Callable[..., NodeSettings]) -> None:
    settings = read()
    assert (settings.database_url, settings.listen_host, settings.log_level) == (None, "127.0.0.1", "info")


def test_settings_come_from_a_file_as_well_and_the_environment_wins(
    read: Callable[..., NodeSettings], tmp_path: Path
) -> None:
    file = tmp_path / "node.toml"
    file.write_text('listen_port = 1111\nname = "Praxis aus der Datei"\n')
    settings = read(file, NAME=None)
    assert (settings.listen_port, settings.name) == (8443, "Praxis aus der Datei")


def test_the_file_may_be_named_in_the_environment(read: Callable[..., NodeSettings], tmp_path: Path) -> None:
    file = tmp_path / "node.toml"
    file.write_text("worker_concurrency = 7\n")
    assert read(SETTINGS_FILE=str(file)).worker_concurrency == 7


def test_the_file_that_is_named_at_the_command_line_counts(read: Callable[..., NodeSettings], tmp_path: Path) -> None:
    named, other = tmp_path / "a.toml", tmp_path / "b.toml"
    named.write_text("worker_concurrency = 7\n")
    other.write_text("worker_concurrency = 8\n")
    assert read(named, SETTINGS_FILE=str(other)).worker_concurrency == 7


def test_move_destinations_are_ae_titles_with_commas_between(read: Callable[..., NodeSettings]) -> None:
    assert read(MOVE_AE_TITLES="NODE1, NODE2").move_ae_titles == "NODE1,NODE2"


@pytest.mark.parametrize("titles", ["A,B,C,D,E", "A,,B", "SEVENTEEN_LETTERS", "A\\B"])
def test_move_destinations_are_at_most_four_ae_titles(refused: Callable[..., str], titles: str) -> None:
    assert refused(MOVE_AE_TITLES=titles).startswith("LINKEXCHANGE_MOVE_AE_TITLES")


def test_what_stands_in_all_links_comes_from_the_settings(read: Callable[..., NodeSettings]) -> None:
    said = read(
        LINK_RESOLVER="https://hub.example/fhir", LINK_VIEWER="https://viewer.example/", LINK_CONFIDENTIALITY="R"
    )
    assert said.particulars == Particulars(
        PlainUrl("https://hub.example/fhir"), PlainUrl("https://viewer.example/"), Confidentiality.RESTRICTED
    )
    assert read(LINK_RESOLVER="", LINK_VIEWER="", LINK_CONFIDENTIALITY="").particulars == Particulars()


def test_the_address_of_the_data_process_is_https_where_there_is_one(refused: Callable[..., str]) -> None:
    assert "DATA_URL" in refused(DATA_URL="http://data.example")


def test_settings_are_frozen(read: Callable[..., NodeSettings]) -> None:
    settings = read()
    with pytest.raises(ValueError, match="frozen"):
        settings.listen_port = 1


REQUIRED = sorted(name.upper() for name, field in NodeSettings.model_fields.items() if field.is_required())


@pytest.mark.parametrize("name", REQUIRED)
def test_a_key_that_must_be_there_is_named(refused: Callable[..., str], name: str) -> None:
    assert refused(**{name: None}) == f"LINKEXCHANGE_{name}: is missing"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LISTEN_PORT", SECRET),
        ("LISTEN_PORT", "0"),
        ("PAGES_PORT", "65536"),
        ("PAGES_HOST", SECRET),
        ("LOG_LEVEL", SECRET),
        ("HUB_URL", f"http://{SECRET}"),
        ("NODE_URL", SECRET),
        ("TELEMATIK_ID", f"{SECRET} "),
        ("AE_TITLE", f"\\{SECRET}"),
        ("AE_TITLE", SECRET * 2),
        ("WORKER_CONCURRENCY", "0"),
        ("WORKER_CONCURRENCY", "65"),
        ("WORKER_STALLED_SECONDS", "0"),
        ("RETRY_SECONDS", "0"),
        ("RETRY_SECONDS", "inf"),
        ("RETRY_SECONDS", "nan"),
        ("RETRY_ATTEMPTS", "0"),
        ("OFFERS_SECONDS", "-1"),
        ("IDLE_SECONDS", SECRET),
        ("DATABASE_URL", f"mysql://linkexchange:{SECRET}@host/db"),
        ("DATABASE_OWNER_URL", SECRET),
        ("LINK_RESOLVER", f"https://hub.example/?token={SECRET}"),
        ("LINK_VIEWER", f"https://user:{SECRET}@viewer.example/"),
        ("LINK_CONFIDENTIALITY", SECRET),
        ("TSL_URL", f"ftp://{SECRET}"),
        ("OCSP_URL", SECRET),
        ("KONNEKTOR_URL", f"http://{SECRET}/"),
        ("KONNEKTOR_MANDANT", SECRET * 10),
        ("KONNEKTOR_WORKPLACE", f"{SECRET}\n"),
        ("IDP_URL", f"http://{SECRET}"),
        ("RECORD_URLS", f"https://epa.example,http://{SECRET}"),
        ("TI_USER_AGENT", SECRET),
        ("RELAYS", f"hub.example:8445,{SECRET}"),
    ],
)
def test_a_wrong_value_is_refused_with_its_key_and_never_shown(
    refused: Callable[..., str], name: str, value: str
) -> None:
    detail = refused(**{name: value})
    assert detail.startswith(f"LINKEXCHANGE_{name}: ")
    assert (SECRET in detail, "Value error" in detail) == (False, False)


def test_w_09_a_key_that_does_not_exist_is_refused_by_name(refused: Callable[..., str]) -> None:
    assert refused(LISTEN_PROT="1") == "LINKEXCHANGE_LISTEN_PROT: no such key"


def test_a_key_that_does_not_exist_is_refused_in_the_file_as_well(refused: Callable[..., str], tmp_path: Path) -> None:
    file = tmp_path / "node.toml"
    file.write_text("[tls]\nkey = 'x'\n")
    assert refused(file) == "LINKEXCHANGE_TLS: no such key"


@pytest.mark.parametrize("content", [b"= 1", b"\xff", None], ids=["no TOML", "no text", "no file"])
def test_a_file_that_cannot_be_read_is_named_by_its_key(
    refused: Callable[..., str], tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "node.toml"
    if content is not None:
        file.write_bytes(content)
    assert refused(file) == "LINKEXCHANGE_SETTINGS_FILE: the file cannot be read as TOML"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_pages_are_served_on_loopback(read: Callable[..., NodeSettings], host: str) -> None:
    assert read(PAGES_HOST=host).pages_host == host


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "", "localhost.example", "hospital"])
def test_w_09_pages_are_served_nowhere_else_while_they_have_no_login(refused: Callable[..., str], host: str) -> None:
    assert refused(PAGES_HOST=host).startswith("LINKEXCHANGE_PAGES_HOST: pages have no login yet")


@pytest.mark.parametrize("kind", UNSAFE)
def test_w_09_an_unsafe_configuration_is_refused_by_its_key(refused: Callable[..., str], kind: str) -> None:
    name, value, words = UNSAFE[kind]
    detail = refused(**{name: value})
    assert detail.startswith(f"LINKEXCHANGE_{name}: ")
    assert words in detail
    assert SECRET not in detail


@pytest.mark.parametrize(
    "url",
    PROVEN,
)
def test_a_database_here_or_one_that_proves_itself_is_taken(read: Callable[..., NodeSettings], url: str) -> None:
    assert read(DATABASE_URL=url).database_url is not None


@pytest.mark.slow
def test_w_09_the_process_does_not_start_and_says_which_key_it_is(complete: dict[str, str]) -> None:
    environment = {f"LINKEXCHANGE_{name}": value for name, value in {**complete, "PAGES_HOST": "0.0.0.0"}.items()}
    command = [sys.executable, "-m", "linkexchange", "node"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "LINKEXCHANGE_PAGES_HOST" in done.stderr


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o610])
def test_w_09_a_private_key_that_others_may_read_is_refused(refused: Callable[..., str], key: Path, mode: int) -> None:
    key.chmod(mode)
    assert refused().startswith("LINKEXCHANGE_TLS_KEY: others may read this file")


def test_w_09_so_is_the_key_that_signs_grants(
    monkeypatch: pytest.MonkeyPatch, complete: dict[str, str], key: Path, tmp_path: Path
) -> None:
    grant_key = tmp_path / "grant.key"
    grant_key.write_text("key")
    grant_key.chmod(0o644)
    values = {**complete, "GRANT_KEY": str(grant_key)}
    for name in values.keys() & {field.upper() for field in HubSettings.model_fields}:
        monkeypatch.setenv(f"LINKEXCHANGE_{name}", values[name])
    with pytest.raises(SettingRefused, match="LINKEXCHANGE_GRANT_KEY: others may read this file"):
        load(HubSettings)
    grant_key.chmod(0o600)
    assert load(HubSettings).grant_key == grant_key


def test_a_client_system_shows_a_certificate_with_its_key_or_a_user(
    read: Callable[..., NodeSettings], refused: Callable[..., str], key: Path
) -> None:
    shown = {"KONNEKTOR_CLIENT_CERTIFICATE": str(key), "KONNEKTOR_CLIENT_KEY": str(key)}
    assert "KONNEKTOR_USER: is needed" in refused(KONNEKTOR_USER=None)
    for half, other in zip(shown, reversed(shown), strict=True):
        assert "KONNEKTOR_CLIENT_KEY: certificate and key" in refused(**{half: str(key), other: None})
    assert read(KONNEKTOR_USER=None, **shown).konnektor_client_key == key


def test_the_password_at_the_konnektor_is_never_shown(read: Callable[..., NodeSettings]) -> None:
    settings = read(KONNEKTOR_PASSWORD=SECRET)
    assert SECRET not in f"{settings!r} {settings.model_dump_json()}"
    assert settings.konnektor_password.get_secret_value() == SECRET


def test_the_slash_at_the_end_of_a_konnektors_address_stays(read: Callable[..., NodeSettings]) -> None:
    settings = read(KONNEKTOR_URL="https://gateway.example/k7/")
    assert settings.konnektor_url == "https://gateway.example/k7/"
    assert settings.record_urls == "https://epa-as-1.example,https://epa-as-2.example"


@pytest.mark.parametrize("name", ["DATABASE_URL", "DATABASE_OWNER_URL"])
def test_an_empty_database_url_means_the_embedded_server(read: Callable[..., NodeSettings], name: str) -> None:
    settings = read(**{name: ""})
    assert (settings.database_url, settings.database_owner_url) == (None, None)


def test_the_password_of_the_database_is_never_shown(read: Callable[..., NodeSettings]) -> None:
    settings = read(DATABASE_URL=f"postgresql://linkexchange:{SECRET}@localhost/db")
    shown: list[Any] = [settings, repr(settings), settings.model_dump(), settings.model_dump_json()]
    assert [it for it in shown if SECRET in str(it)] == []
    assert SECRET in settings.database_url.get_secret_value()


# --- the outbox -------------------------------------------------------------------------------------------------------


@pytest.fixture
def outgoing(tmp_path: Path) -> dict[str, str]:
    """What an outbox needs."""
    file = tmp_path / "spool.key"
    file.write_bytes(bytes(range(32)))
    file.chmod(0o600)
    return {
        "DIMSE_PORT": "11112",
        "OUTBOX_AE": "OUTBOX",
        "SPOOL_FOLDER": str(tmp_path / "spool"),
        "SPOOL_KEY": str(file),
    }


def test_there_is_no_outbox_unless_it_is_named(read: Callable[..., NodeSettings]) -> None:
    assert read().outbox_ae == read(OUTBOX_AE="").outbox_ae == ""


def test_an_outbox_has_an_alarm_before_its_limit(read: Callable[..., NodeSettings], outgoing: dict[str, str]) -> None:
    settings = read(**outgoing)
    assert (settings.outbox_ae, settings.spool_max_bytes, settings.spool_alarm_percent) == ("OUTBOX", 20 << 30, 80)


@pytest.mark.parametrize("key", ["DIMSE_PORT", "SPOOL_FOLDER", "SPOOL_KEY"])
def test_an_outbox_is_whole_or_not_at_all(key: str, refused: Callable[..., str], outgoing: dict[str, str]) -> None:
    assert refused(**{**outgoing, key: None}) == f"LINKEXCHANGE_{key}: is needed with outbox_ae"


@pytest.mark.parametrize("change", [{"AE_TITLE": "OUTBOX"}, {"MOVE_AE_TITLES": "NODE,OUTBOX"}])
def test_the_title_of_the_outbox_is_its_own(
    change: dict[str, str], refused: Callable[..., str], outgoing: dict[str, str]
) -> None:
    assert refused(**outgoing, **change).startswith("LINKEXCHANGE_OUTBOX_AE: ")


def test_w_09_a_key_within_the_folder_is_refused_however_it_got_there(
    refused: Callable[..., str], outgoing: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "spool"
    folder.mkdir(mode=0o700)
    (folder / "key").write_bytes(bytes(range(32)))
    (folder / "key").chmod(0o600)
    (tmp_path / "link").symlink_to(folder / "key")
    (tmp_path / "folder").symlink_to(folder)
    (folder / "outside").symlink_to(outgoing["SPOOL_KEY"])
    for place in (
        folder / "key",
        tmp_path / "link",
        tmp_path / "folder/key",
        folder / "outside",
        folder / "../spool/key",
    ):
        wrong = refused(**{**outgoing, "SPOOL_KEY": str(place)})
        assert wrong == "LINKEXCHANGE_SPOOL_KEY: must not lie within spool_folder"


def test_w_09_a_key_that_others_may_read_is_refused(
    refused: Callable[..., str], outgoing: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "spool.key").chmod(0o640)
    assert refused(**outgoing).startswith("LINKEXCHANGE_SPOOL_KEY: others may read this file")


def test_w_09_a_folder_that_others_may_enter_is_refused(
    refused: Callable[..., str], outgoing: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "spool").mkdir(mode=0o755)
    assert refused(**outgoing).startswith("LINKEXCHANGE_SPOOL_FOLDER: others may enter this folder")


# --- what PACS and RIS say --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ({"HL7_PORT": "2575", "HL7_PACS": "pacs"}, "HL7_SENDERS"),
        ({"HL7_PORT": "2575", "HL7_SENDERS": "10.0.0.5"}, "HL7_PACS"),
        ({"HL7_SENDERS": "10.0.0.256"}, "HL7_SENDERS"),
        ({"HL7_SENDERS": "ris.local,-"}, "HL7_SENDERS"),
        ({"HL7_CHARSET": "8859/77"}, "HL7_CHARSET"),
        ({"BACKFILL_HOURS": "20-5"}, "BACKFILL_HOURS"),
    ],
)
def test_who_may_send_messages_and_how_must_be_named(
    read: Callable[..., NodeSettings], wrong: dict[str, str], key: str
) -> None:
    with pytest.raises(SettingRefused, match=key):
        read(**wrong)


def test_a_node_without_ports_for_notices_needs_none_of_it(read: Callable[..., NodeSettings]) -> None:
    assert (read().ian_port, read().hl7_port, read().watch_pacs) == (0, 0, "")


# --- what link documents say of the institution -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BSNR", "12345678"),
        ("IKNR", "26012345"),
        ("IKNR", "260123452"),
        ("LOCATION_UID", "urn:oid:1.2.3"),
        ("HOME_COMMUNITY", "3.1"),
        ("RETRIEVE_AE_TITLE", "SEVENTEEN_LETTERS"),
    ],
)
def test_a_number_of_the_institution_that_is_none_is_refused_by_its_key_and_not_shown(
    refused: Callable[..., str], name: str, value: str
) -> None:
    detail = refused(**{name: value})
    assert detail.startswith(f"LINKEXCHANGE_{name}: not a")
    assert value not in detail


def test_the_numbers_of_the_institution_are_values(read: Callable[..., NodeSettings]) -> None:
    settings = read(BSNR="098765400", IKNR="260123451", LOCATION_UID="2.25.9", HOME_COMMUNITY="1.2.3")
    told = Numbers(Bsnr("098765400"), Iknr("260123451"), Oid("2.25.9"), Oid("1.2.3"))
    assert settings.numbers == told


def test_an_institution_that_names_no_numbers_has_none(read: Callable[..., NodeSettings]) -> None:
    assert read().numbers == Numbers()


# --- codes of the metadata --------------------------------------------------------------------------------------------


def test_the_codes_of_the_metadata_may_stand_in_a_file(read: Callable[..., NodeSettings], tmp_path: Path) -> None:
    file = tmp_path / "codes.toml"
    shutil.copy(Path(envelope.__file__).parent / "profiles/epa.toml", file)
    assert read(CODES_PROFILE=str(file)).codes_profile == str(file)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (("", ""), "cannot be read"),
        (("[type_code]", "[typecode]"), "type_code: missing"),
        (("[type_code]", "["), "not TOML"),
    ],
)
def test_codes_that_are_wrong_stop_the_start_with_the_name_of_the_key(
    refused: Callable[..., str], tmp_path: Path, wrong: tuple[str, str], why: str
) -> None:
    file = tmp_path / "codes.toml"
    if wrong[0]:
        file.write_text((Path(envelope.__file__).parent / "profiles/epa.toml").read_text().replace(*wrong))
    detail = refused(CODES_PROFILE=str(file))
    assert detail.startswith("LINKEXCHANGE_CODES_PROFILE: codes.toml: ")
    assert why in detail


def test_codes_without_a_format_for_link_documents_stop_the_start(refused: Callable[..., str], tmp_path: Path) -> None:
    text = (Path(envelope.__file__).parent / "profiles/epa.toml").read_text()
    head, _, rest = text.partition('[formats."application/fhir+xml"]')
    (tmp_path / "codes.toml").write_text(head + rest[rest.index("[formats.") :])
    assert "no format code for application/fhir+xml" in refused(CODES_PROFILE=str(tmp_path / "codes.toml"))


@pytest.mark.parametrize("address", ["http://praxis.example/", "https://praxis.example/?link=", "urn:oid:", ""])
def test_the_address_in_a_code_holds_no_secret(refused: Callable[..., str], address: str) -> None:
    assert refused(COMPANION_ADDRESS=address).startswith("LINKEXCHANGE_COMPANION_ADDRESS: must be")


def test_pages_need_a_format_code(refused: Callable[..., str], tmp_path: Path) -> None:
    text = (Path(envelope.__file__).parent / "profiles/epa.toml").read_text()
    head, _, rest = text.partition('[formats."application/pdf"]')
    (tmp_path / "codes.toml").write_text(head + rest[rest.index("[modalities]") :])
    detail = refused(CODES_PROFILE=str(tmp_path / "codes.toml"), COMPANION_PAGE="true")
    assert detail == "LINKEXCHANGE_CODES_PROFILE: no format code for application/pdf (companion_page)"
