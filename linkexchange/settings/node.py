"""Settings of a node."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from linkexchange import checks
from linkexchange.model.identifiers import AeTitle, Bsnr, Iknr, Oid, PlainUrl, TelematikId
from linkexchange.model.link import Confidentiality, Numbers, Particulars
from linkexchange.settings.both import PREFIX, CommonSettings, Https


class PartnerResolver(NamedTuple):
    """A resolver that an origin has mounted for its own links, and the file with the keys that are pinned of it."""

    partner: TelematikId
    url: str
    keys: Path

    @classmethod
    def parse(cls, text: str) -> PartnerResolver:
        """From one entry of `partner_resolvers`."""
        partner, url, keys = text.split()
        return cls(TelematikId(partner), url.rstrip("/"), Path(keys))


class NodeSettings(CommonSettings):
    """Settings of `linkexchange node` and of everything that runs beside it."""

    telematik_id: Annotated[str, AfterValidator(checks.telematik_id)]
    """Telematik-ID of this participant; card and TLS certificate must carry the same."""

    name: str
    """Name of the institution, as it stands in link documents."""

    bsnr: Annotated[str, AfterValidator(checks.bsnr)] = ""
    """BSNR of the institution: nine digits. It stands in link documents. Empty: none does."""

    iknr: Annotated[str, AfterValidator(checks.iknr)] = ""
    """IKNR of the institution: nine digits with check digit. It stands in link documents. Empty: none does."""

    location_uid: Annotated[str, AfterValidator(checks.oid)] = ""
    """Retrieve Location UID (0040,E011) in link documents: an OID. Empty: one that is derived from telematik_id."""

    home_community: Annotated[str, AfterValidator(checks.oid)] = ""
    """homeCommunityId (IHE XCA) in link documents and their metadata: an OID without urn:oid:. Empty: none."""

    retrieve_ae_title: Annotated[str, AfterValidator(checks.ae_title_or_none)] = ""
    """Retrieve AE Title (0008,0054) in link documents. Empty: that of the PACS which has the study."""

    node_url: Https
    """Address under which other nodes reach this node's mTLS port."""

    relays: Annotated[str, AfterValidator(checks.places)] = ""
    """The hub's relays, each as host:port, with commas between. Empty: all routes to and from this node are direct."""

    link_resolver: Annotated[str, AfterValidator(checks.plain_url)] = ""
    """Address that stands in link documents for foreign software that asks for a grant. Empty: none does."""

    link_viewer: Annotated[str, AfterValidator(checks.plain_url)] = ""
    """Address that stands in link documents for people with a browser, never with a secret. Empty: none does."""

    link_confidentiality: Annotated[str, AfterValidator(checks.confidentiality)] = ""
    """Confidentiality that link documents say of themselves: U, L, M, N, R or V (HL7 v3). Empty: they say none."""

    hub_keys: Path
    """JWK Set with the hub's grant keys, pinned at enrolment."""

    resolver_port: int = Field(default=0, ge=0, le=65535)
    """Port at which this node is a resolver for its own links, for partners to ask while the hub is silent. 0: none."""

    resolver_url: Https = ""
    """Address under which partners reach that resolver; needed with resolver_port."""

    resolver_key: Annotated[Path | None, AfterValidator(checks.private)] = None
    """Private key (P-256, PEM) with which that resolver signs grants; needed with resolver_port."""

    partner_resolvers: Annotated[str, AfterValidator(checks.partners)] = ""
    """Resolvers of partners: Telematik-ID, address and file with the JWK Set, blanks between; more with commas."""

    konnektor_url: Annotated[str, AfterValidator(checks.https_place)]
    """Address of the Konnektor or TI-Gateway; its service directory connector.sds lies beside it."""

    konnektor_certificate: Path
    """Whom to believe there, in PEM: the certificate of this one Konnektor, or that of a CA."""

    konnektor_client_certificate: Path | None = None
    """Certificate with which this client system shows itself to the Konnektor, in PEM. Empty: it shows none."""

    konnektor_client_key: Annotated[Path | None, AfterValidator(checks.private)] = None
    """Private key of that certificate, in PEM, readable by this user only."""

    konnektor_user: str = ""
    """User name of this client system at the Konnektor. Empty: it has none."""

    konnektor_password: SecretStr = SecretStr("")
    """Password of that user."""

    konnektor_mandant: Annotated[str, AfterValidator(checks.context_id)]
    """MandantId of this client system's context, as the Konnektor's infrastructure model has it."""

    konnektor_client_system: Annotated[str, AfterValidator(checks.context_id)]
    """ClientSystemId of that context."""

    konnektor_workplace: Annotated[str, AfterValidator(checks.context_id)]
    """WorkplaceId of that context."""

    konnektor_rewrites: bool = False
    """Whether the services are called at konnektor_url, whatever host connector.sds names (TI-Gateway, NAT)."""

    smcb_iccsn: str = ""
    """ICCSN of the SMC-B that speaks for this institution. Empty: the only one there is."""

    ti_ca: Path
    """CA certificates (PEM) of the TLS certificates of IDP and record systems."""

    idp_url: Https
    """Address of the IDP of the TI, at which the institution logs in for a record system."""

    idp_issuer: str = ""
    """What the IDP calls itself (iss). Empty: idp_url."""

    record_urls: Annotated[str, AfterValidator(checks.https_list)]
    """Addresses of the record systems of the ePA, with commas between: each may have the record of a patient."""

    ti_user_agent: Annotated[str, AfterValidator(checks.user_agent)]
    """x-useragent: the client id that gematik has issued for this software, a slash, and a version."""

    ti_production: bool = False
    """Whether this is the production environment (PU) of the TI; elsewhere the VAU asks for a tracing header."""

    codes_profile: Annotated[str, AfterValidator(checks.codes)] = "epa"
    """Codes with which documents are filed in the record: epa, mado, or the path of a TOML file."""

    companion_page: bool = False
    """Whether a companion page (PDF/A) stands in the record beside each link document, for systems that show no XML."""

    companion_address: Annotated[str, AfterValidator(checks.qr_address)] = "urn:uuid:"
    """What the QR code of that page holds before the link's number: urn:uuid:, or an https address of the house."""

    ae_title: Annotated[str, AfterValidator(checks.ae_title)] = "LINKEXCHANGE"
    """AE title with which this node calls its PACS."""

    dimse_host: str = "127.0.0.1"
    """Address on which the DIMSE port listens: one that the own PACS can reach."""

    dimse_port: int = Field(default=0, ge=0, le=65535)
    """Port at which the own PACS sends what a C-MOVE has asked for. 0: C-MOVE is not used."""

    dimse_tls: bool = False
    """Whether the DIMSE port speaks TLS; whoever calls then shows a certificate that names his registered host."""

    move_ae_titles: Annotated[str, AfterValidator(checks.ae_titles)] = ""
    """AE titles at the DIMSE port, up to 4 with commas between; each is for one C-MOVE at a time. Empty: ae_title."""

    outbox_ae: Annotated[str, AfterValidator(checks.ae_title_or_none)] = ""
    """AE title of the outbox: what is sent to it is spooled until a receiver has it. Empty: there is no outbox."""

    spool_folder: Annotated[Path | None, AfterValidator(checks.own_folder)] = None
    """Folder of the spool, for this user only. What waits in the outbox lies there encrypted; needed with outbox_ae."""

    spool_key: Annotated[Path | None, AfterValidator(checks.private)] = None
    """File with the key of the spool: 32 random bytes, raw or in base64. It must not lie within spool_folder."""

    spool_max_bytes: int = Field(default=20 << 30, ge=1 << 20)
    """So many bytes of images may wait in the outbox; beyond it nothing is taken, and the sender keeps what it has."""

    spool_alarm_percent: int = Field(default=80, ge=1, le=100)
    """From this share of spool_max_bytes on there is an alarm: in the log, in the event stream and on the page."""

    late_seconds: float = Field(default=5.0, ge=0)
    """How long is waited, after the end of a C-MOVE, for the next instance that comes late."""

    data_url: Https = ""
    """Address under which this node's own processes reach its mTLS port. Empty: node_url."""

    pacs_ca: Path | None = None
    """CA certificates (PEM) of PACS that speak TLS. Empty: the hub's CA."""

    watch_pacs: str = ""
    """Names of the PACS that are polled for finished studies, with commas between. Empty: none is."""

    watch_seconds: float = Field(default=60.0, gt=0)
    """How often they are asked which studies they have."""

    watch_days: int = Field(default=3, ge=0, le=60)
    """How many days back they are asked for, by Study Date."""

    quiet_seconds: float = Field(default=600.0, ge=0)
    """A study is published when its instances have been the same ones for so long."""

    backfill_hours: Annotated[str, AfterValidator(checks.hours)] = ""
    """Hours of the house in which old studies have their turn, such as 20:00-05:00; more with commas. Empty: never."""

    backfill_per_hour: int = Field(default=60, ge=1, le=3600)
    """So many old studies have their turn in an hour."""

    notice_host: str = "127.0.0.1"
    """Address on which the ports for notifications listen: one that PACS and RIS can reach."""

    ian_port: int = Field(default=0, ge=0, le=65535)
    """Port at which registered PACS say that a study is there (Instance Availability Notification). 0: none."""

    ian_tls: bool = False
    """Whether that port speaks TLS; whoever calls then shows a certificate that names his registered host."""

    hl7_port: int = Field(default=0, ge=0, le=65535)
    """Port at which the RIS sends HL7 messages (MLLP). 0: none."""

    hl7_tls: bool = False
    """Whether that port speaks TLS; whoever sends then shows a certificate that names him as hl7_senders does."""

    hl7_ca: Path | None = None
    """CA certificates (PEM) of those who send HL7 over TLS. Empty: the hub's CA."""

    hl7_senders: Annotated[str, AfterValidator(checks.hosts)] = ""
    """Hosts that may send HL7 messages, by IP address or name, with commas between; needed with hl7_port."""

    hl7_charset: Annotated[str, AfterValidator(checks.charset)] = "8859/1"
    """Character set of HL7 messages whose MSH-18 names none, such as 8859/1 or UNICODE UTF-8."""

    hl7_pacs: str = ""
    """Name of the PACS that has the studies of HL7 results (ORU); needed with hl7_port."""

    patient_files_folder: Path | None = None
    """Folder in which a practice system leaves GDT, BDT or KVDT files; what was read is removed. Empty: none."""

    default_destination: str = ""
    """Name of the PACS that takes what other participants push. Empty: pushes are not taken up."""

    worker_concurrency: int = Field(default=4, ge=1, le=64)
    """How many transfers of each purpose (emergency, treatment, prefetch) one worker runs at once."""

    worker_stalled_seconds: float = Field(default=30.0, ge=1)
    """After this silence a worker counts as dead, and another takes its transfers over."""

    retry_seconds: float = Field(default=5.0, gt=0)
    """Wait before the first new attempt; it doubles each time, up to 15 minutes."""

    retry_attempts: int = Field(default=20, ge=1)
    """After so many attempts a waiting transfer fails."""

    offers_seconds: float = Field(default=5.0, gt=0)
    """How often the hub is asked for offers."""

    idle_seconds: float = Field(default=60.0, gt=0)
    """A peer that sends no byte for so long is given up."""

    @model_validator(mode="after")
    def _outbox_is_whole(self) -> Self:
        """An outbox has a port, a title of its own, a folder, and a key that does not lie in it."""
        if not self.outbox_ae:
            return self
        for key, value in {"dimse_port": self.dimse_port, "spool_folder": self.spool_folder}.items():
            if not value:
                raise ValueError(f"{PREFIX}{key.upper()}: is needed with outbox_ae")
        if self.outbox_ae.strip() in self.receiving_titles:
            raise ValueError(f"{PREFIX}OUTBOX_AE: is an AE title for C-MOVE as well")
        _check_apart(self.spool_folder, self.spool_key)
        return self

    @model_validator(mode="after")
    def _pages_have_codes(self) -> Self:
        """A page that could not be filed is missed at the start, and not in a job."""
        from linkexchange.documents import companion, envelope

        if self.companion_page and companion.MEDIA_TYPE not in envelope.named(self.codes_profile).formats:
            raise ValueError(f"{PREFIX}CODES_PROFILE: no format code for {companion.MEDIA_TYPE} (companion_page)")
        return self

    @model_validator(mode="after")
    def _messages_have_senders(self) -> Self:
        """Whoever may send messages decides whose images are whose: so each is named."""
        for key in ("hl7_senders", "hl7_pacs"):
            if self.hl7_port and not getattr(self, key):
                raise ValueError(f"{PREFIX}{key.upper()}: is needed with hl7_port")
        return self

    @model_validator(mode="after")
    def _client_system_is_whole(self) -> Self:
        """A certificate is shown with its key, and the Konnektor must be told somehow who calls."""
        certificate, key = self.konnektor_client_certificate, self.konnektor_client_key
        if bool(certificate) is not bool(key):
            raise ValueError(f"{PREFIX}KONNEKTOR_CLIENT_KEY: certificate and key are needed together")
        if not (certificate or self.konnektor_user):
            raise ValueError(f"{PREFIX}KONNEKTOR_USER: is needed without konnektor_client_certificate")
        return self

    @model_validator(mode="after")
    def _resolver_is_whole(self) -> Self:
        """A resolver has an address, which requests are made for, and a key of its own."""
        for key in ("resolver_url", "resolver_key"):
            if self.resolver_port and not getattr(self, key):
                raise ValueError(f"{PREFIX}{key.upper()}: is needed with resolver_port")
        return self

    @property
    def partners(self) -> tuple[PartnerResolver, ...]:
        """Partners that resolve for their own links."""
        return tuple(PartnerResolver.parse(one) for one in self.partner_resolvers.split(",") if one.strip())

    @property
    def particulars(self) -> Particulars:
        """What stands in all of this participant's link documents."""
        return Particulars(
            PlainUrl(self.link_resolver) if self.link_resolver else None,
            PlainUrl(self.link_viewer) if self.link_viewer else None,
            Confidentiality(self.link_confidentiality) if self.link_confidentiality else None,
        )

    @property
    def numbers(self) -> Numbers:
        """What link documents say of the institution."""
        return Numbers(
            bsnr=Bsnr(self.bsnr) if self.bsnr else None,
            iknr=Iknr(self.iknr) if self.iknr else None,
            location=Oid(self.location_uid) if self.location_uid else None,
            home_community=Oid(self.home_community) if self.home_community else None,
            retrieve_ae=AeTitle(self.retrieve_ae_title.strip()) if self.retrieve_ae_title else None,
        )

    @property
    def receiving_titles(self) -> list[str]:
        """The AE titles at the DIMSE port to which a C-MOVE can be asked to send."""
        return self.move_ae_titles.split(",") if self.move_ae_titles else [self.ae_title]


def _check_apart(folder: Path | None, key: Path | None) -> None:
    """Whoever gets hold of the folder must not have the key with it, however the one leads to the other."""
    if key is None:
        raise ValueError(f"{PREFIX}SPOOL_KEY: is needed with outbox_ae")
    assert folder is not None
    for place in (key.absolute(), key.resolve()):
        if place.is_relative_to(folder.resolve()) or place.is_relative_to(folder.absolute()):
            raise ValueError(f"{PREFIX}SPOOL_KEY: must not lie within spool_folder")
