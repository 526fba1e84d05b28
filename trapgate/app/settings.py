"""The schemas of `trapgate.yml` and `alertmanager.yml`, composed of what each component declares.

In `trapgate.yml` a section is named after the stage that it configures.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

import msgspec

from trapgate.alerting.settings import GlobalSettings, RouteSettings
from trapgate.compile import MibSettings
from trapgate.config import Address, ByteSize, Duration, Section
from trapgate.decode.snmp.settings import SnmpSettings
from trapgate.decode.syslog.settings import SyslogSettings
from trapgate.listen.settings import ListenerSettings
from trapgate.model import NS_PER_S
from trapgate.normalize.settings import NormalizeSettings
from trapgate.normalize.sources import SourceSettings
from trapgate.notify import LogSettings, WebhookSettings
from trapgate.pipeline.giving_up import FullPolicy
from trapgate.store import RETENTION_BYTES_MAX, RETENTION_DAYS, ElasticsearchSettings

_DEFAULT_LISTENERS = (
    ListenerSettings(name="snmp", protocol="snmp", address=Address("*", 1162)),
    ListenerSettings(name="syslog-udp", protocol="syslog", address=Address("*", 5514)),
    ListenerSettings(
        name="syslog-tcp", protocol="syslog", transport="tcp", address=Address("*", 5514)
    ),
)

WORKERS_MAX = 16
"""Receive processes: with as many ingest, which reads what all of them take, has long been the one
that is too slow."""

DECODERS_MAX = 8
"""Decode processes: what they leave to ingest takes a third of the time, so that three keep it
busy."""

RETENTION_DAYS_MAX = 36_500
"""A century: more is a slip of the finger, which would be noticed when the disk is full."""

AGE_LEAST = Duration(600 * NS_PER_S)
"""The least `spool.age_max`: a restart of the event store takes minutes, and loses nothing."""

EVERY_ADDRESS = ("*", "0.0.0.0", "::")
"""Hosts that can be listened on, and that no link can lead to."""


class SpoolSettings(Section, frozen=True, kw_only=True):
    """`spool`: what was received and is not processed yet."""

    size_max: ByteSize = ByteSize(1 << 30)
    """Bound of the raw spool on disk, 4MiB or more for each of the `workers`; a smaller disk is the
    bound. `full_policy` says what gives way."""

    full_policy: FullPolicy = "store-yields"
    """What gives way when the room is used up. `store-yields`: what the rules have read and the
    event store has not, the oldest first, so that an outage of the store never stops paging; if the
    rules are behind, too, new datagrams are refused. `refuse-new`: nothing is given up, new
    datagrams are refused, so that paging stops with the store. `drop-oldest`: the oldest, also what
    the rules have not read; a device's clear may be among it. Refused datagrams are counted as
    spool-full, and TCP senders have to wait; records that are given up are counted in
    `trapgate_spool_given_up_records_total`. See docs/spool.md."""

    age_max: Duration | None = Duration(7 * 86_400 * NS_PER_S)
    """Bound of the raw spool in time: what the event store has not read after so long is given up,
    and with `drop-oldest` what the rules have not read. Empty: there is no such bound. What all
    have read is deleted within some minutes, on a quiet network within about an hour. Raw datagrams
    hold communities."""

    workers: int = 1
    """Receive processes, 1 to 16. With more than one each has a socket of its own at every UDP
    listener (SO_REUSEPORT), a spool of its own (`raw`, `raw-2` ...) and its part of `size_max`. A
    sender's address decides which of them takes its datagrams, so that their order is kept; TCP is
    taken by the first."""


class DecodeSettings(Section, frozen=True, kw_only=True):
    """`decode`: the protocols."""

    workers: int = 1
    """Processes that decode what ingest reads next, 0 to 8, so that two cores share the work of a
    flood. Order, ids and counts stay with ingest, which does itself what they do not. With 0 it
    does everything."""

    snmp: SnmpSettings = SnmpSettings()
    """SNMP traps and informs."""

    syslog: SyslogSettings = SyslogSettings()
    """Syslog."""


class StoreSettings(Section, frozen=True, kw_only=True):
    """`store`: the events."""

    kind: Literal["sqlite", "elasticsearch"] = "sqlite"
    """Where events are kept: `sqlite`, files in the data folder, one or several a day;
    `elasticsearch`, data streams of the servers that `elasticsearch` names
    (docs/elasticsearch.md)."""

    retention_days: int = RETENTION_DAYS
    """Days of events that are kept, 1 to 36500; older files are deleted once they have been too old
    for an hour, so that a clock which is wrong for some minutes deletes nothing; those of the
    newest day stay. For Elasticsearch it is the retention of the data streams' lifecycle."""

    size_max: ByteSize = ByteSize(RETENTION_BYTES_MAX)
    """Bound of the event files of all days together: while they are above it, the oldest file is
    deleted. A file ends at 2 GiB, or at an eighth of the bound, or (from 128 GiB on) at a
    sixty-fourth; leave room for one above the bound on the disk. The newest one stays, whatever its
    size: trapgate logs an error if it alone is above the bound. Only for `kind: sqlite`."""

    words: bool = True
    """Whether the words of messages are indexed: a second behind the write, by a process of its own
    at the lowest priority, in files beside those of the events, of a tenth of their size or less.
    Without it a search for words reads event by event, and as many of them as one search may. Only
    for `kind: sqlite`."""

    elasticsearch: ElasticsearchSettings = ElasticsearchSettings()
    """The servers, for `kind: elasticsearch`."""

    @property
    def remote(self) -> bool:
        """Whether the store answers over the network: it may be slow or away, and is written
        behind (`trapgate.pipeline.behind`)."""
        return self.kind == "elasticsearch"

    @property
    def indexed(self) -> bool:
        """Whether there is an index process: a remote store indexes words itself."""
        return self.words and not self.remote


class RulesSettings(Section, frozen=True, kw_only=True):
    """`rules`: where they are."""

    bundled: bool = True
    """Whether the rules that come with trapgate are used."""

    files: tuple[str, ...] = ()
    """Rule files of your own: paths or globs, relative to this file. Files that end in `.test.yml`
    are tests, not rules."""


class AlertingSettings(Section, frozen=True, kw_only=True):
    """`alerting`: where alerts go."""

    config: str | None = None
    """Path of `alertmanager.yml` (Alertmanager's own format), relative to this file. Without it
    alerts go to one receiver named `default`."""


class NotifySettings(Section, frozen=True, kw_only=True):
    """`notify`: integrations that Alertmanager does not have, attached to its receivers by name."""

    log: tuple[LogSettings, ...] = (LogSettings(receiver="default"),)
    """Notifications as lines on standard output."""


class WebSettings(Section, frozen=True, kw_only=True):
    """`web`: the HTTP API."""

    listen: Address = Address("127.0.0.1", 9093)
    """Where to listen. There is no authentication yet: loopback unless you put a proxy before it.
    """

    external_url: str = ""
    """How others reach this trapgate, as `https://trapgate.example.net`; for links. Without it
    they lead to `listen`; if that is every address, to `http://localhost` with its port."""

    later: ClassVar[Mapping[str, str]] = {"config_file": "TLS and authentication come later"}

    def url(self) -> str:
        """Where links to this trapgate lead."""
        if self.external_url:
            return self.external_url
        if self.listen.host in EVERY_ADDRESS:
            return f"http://localhost:{self.listen.port}"
        return f"http://{self.listen}"


class ObserveSettings(Section, frozen=True, kw_only=True):
    """`observe`: logs, on standard error."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least that is logged."""

    log_format: Literal["logfmt", "json"] = "logfmt"
    """How a line looks."""


class Settings(Section, frozen=True, kw_only=True):
    """`trapgate.yml`."""

    data: str = "./data"
    """Folder of everything that is kept, relative to this file; one trapgate at a time uses it."""

    listen: tuple[ListenerSettings, ...] = _DEFAULT_LISTENERS
    """The ports that devices send to."""

    sources: tuple[SourceSettings, ...] = ()
    """What is known of devices by their address."""

    spool: SpoolSettings = SpoolSettings()
    """Datagrams on their way."""

    decode: DecodeSettings = DecodeSettings()
    """The protocols."""

    normalize: NormalizeSettings = NormalizeSettings()
    """Whose trap it is, and how many events of one device are kept."""

    mib: MibSettings = MibSettings()
    """The MIBs of vendors."""

    store: StoreSettings = StoreSettings()
    """The events."""

    rules: RulesSettings = RulesSettings()
    """The rule files."""

    alerting: AlertingSettings = AlertingSettings()
    """The routing of alerts."""

    notify: NotifySettings = NotifySettings()
    """Integrations of trapgate's own."""

    web: WebSettings = WebSettings()
    """The HTTP API."""

    observe: ObserveSettings = ObserveSettings()
    """Logs."""

    later: ClassVar[Mapping[str, str]] = {
        "state": "clusters come later; state is kept in the data folder",
    }


_UNBUILT_RECEIVERS = """
email pagerduty opsgenie jira victorops slack sns pushover telegram discord msteams msteamsv2 webex
mattermost rocketchat wechat incidentio
""".split()


class ReceiverSettings(Section, frozen=True, kw_only=True):
    """One entry of `receivers`."""

    name: str
    """What routes call it."""

    webhook_configs: tuple[WebhookSettings, ...] = ()
    """HTTP requests in Alertmanager's webhook format."""

    later: ClassVar[Mapping[str, str]] = {
        "labels": "labels of receivers come later",
        **{
            f"{kind}_configs": "only webhook_configs is built so far; a webhook can stand in for it"
            for kind in _UNBUILT_RECEIVERS
        },
    }


class AlertmanagerSettings(Section, frozen=True, kw_only=True):
    """`alertmanager.yml`."""

    global_: GlobalSettings = msgspec.field(default=GlobalSettings(), name="global")
    """Defaults for the whole file."""

    route: RouteSettings
    """The root of the routing tree."""

    receivers: tuple[ReceiverSettings, ...]
    """Who can be told."""

    later: ClassVar[Mapping[str, str]] = {
        "inhibit_rules": "inhibition comes later",
        "templates": "notification templates come later",
        "time_intervals": "time intervals come later",
        "mute_time_intervals": "time intervals come later",
        "tracing": "tracing comes later",
        "event_recorder": "decisions are kept in the history: GET /api/v1/decisions",
    }
