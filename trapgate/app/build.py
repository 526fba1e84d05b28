"""Texts → everything that the processes need, or all problems at once.

`trapgate check`, `trapgate run` and a reload go through `build`: what one accepts all accept.
"""

import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import TypeVar

import msgspec

from trapgate.alerting.board import Routing
from trapgate.alerting.channel import IntegrationSpec
from trapgate.alerting.route import Route, build_route
from trapgate.app.checks import check_sections
from trapgate.app.engine import Engines
from trapgate.app.files import Bundle
from trapgate.app.mibs import load_index
from trapgate.app.redact import without_secrets
from trapgate.app.settings import (
    AlertmanagerSettings,
    ReceiverSettings,
    Settings,
)
from trapgate.config import Section, did_you_mean, load
from trapgate.decode.snmp import SnmpDecoder, SnmpSettings, check_snmp
from trapgate.decode.syslog import Dialects, SyslogDecoder, build_dialects
from trapgate.listen import check_listeners, with_paths
from trapgate.mib import MibIndex
from trapgate.model import Datagram, IntegrationId, Problem, Protocol, Rule
from trapgate.normalize.origin import Origins
from trapgate.normalize.settings import check_normalize
from trapgate.normalize.sources import Sources, check_sources
from trapgate.normalize.storm import StormPolicy
from trapgate.normalize.syslog import SyslogNormalizer
from trapgate.normalize.trap import TrapNormalizer
from trapgate.notify import LogIntegration, WebhookIntegration, check_webhook
from trapgate.pipeline.translate import Translator
from trapgate.ports import Integration
from trapgate.query import field_problem
from trapgate.rules import Matcher, build_rules

MakeIntegration = Callable[[], Integration]
Entry = TypeVar("Entry", bound=Section)


class Configuration(msgspec.Struct, frozen=True):
    """One accepted configuration, composed. `data` is an absolute folder."""

    bundle: Bundle
    settings: Settings
    alertmanager: AlertmanagerSettings
    data: Path
    rules: tuple[Rule, ...]
    routing: Routing
    integrations: Mapping[IntegrationId, MakeIntegration]
    sources: Sources
    mib: MibIndex
    dialects: Dialects

    def translator(
        self,
        on_bug: Callable[[Datagram, Exception], None],
        engines: Engines = Engines(),  # noqa: B008 - a frozen value
        *,
        any_community: bool = False,
    ) -> Translator:
        """Decoders, normalizers and rules as configured; see `SnmpDecoder` for `any_community`."""
        listeners = self.settings.listen
        normalize = self.settings.normalize
        origins = Origins(self.sources, normalize.relays, normalize.agent_address)
        return Translator(
            protocols={entry.name: Protocol(entry.protocol) for entry in listeners},
            decoders={
                Protocol.SNMP: SnmpDecoder(
                    self.settings.decode.snmp,
                    engines.own,
                    engines.revoked,
                    engines.forgotten,
                    any_community=any_community,
                ),
                Protocol.SYSLOG: self.syslog_decoder(),
            },
            traps=TrapNormalizer(self.mib, origins),
            syslog=SyslogNormalizer(self.sources),
            sources=self.sources,
            storms=self.storm_policy(),
            matcher=Matcher(self.rules),
            on_bug=on_bug,
        )

    def syslog_decoder(self) -> SyslogDecoder:
        """The decoder of syslog, with what is known of its sources."""
        sources = self.sources
        return SyslogDecoder(sources.zone_of, self.dialects, sources.vendor_of, sources.charset_of)

    def storm_policy(self) -> StormPolicy:
        """What each source may send before its repeats are folded."""
        normalize = self.settings.normalize
        return StormPolicy(self.sources, normalize.rate_limit, normalize.duplicates)

    def alertmanager_text(self) -> str:
        """`alertmanager.yml` as it may be shown: values of secret keys are `<secret>`."""
        return without_secrets(self.bundle.alertmanager[1])

    def alertmanager_hash(self) -> int:
        """Changes with the text of `alertmanager.yml` (48 bits: a float holds it exactly)."""
        digest = hashlib.sha256(self.bundle.alertmanager[1].encode()).digest()
        return int.from_bytes(digest[:6], "big")


def build(bundle: Bundle) -> tuple[Configuration | None, list[Problem]]:
    """Compose a configuration; warnings come with it, errors instead of it."""
    main = load(bundle.main[1], bundle.main[0], Settings)
    alertmanager = load(bundle.alertmanager[1], bundle.alertmanager[0], AlertmanagerSettings)
    rules, rule_problems = build_rules(bundle.rules)
    mib = load_index(bundle.mibs, bundle.vendor_mibs)
    dialects, dialect_problems = build_dialects(bundle.own_dialects, bundle.dialects, field_problem)
    problems = [*main.problems, *alertmanager.problems, *rule_problems, *mib.problems]
    problems += dialect_problems
    builder = _Builder(bundle)
    if main.value is not None:
        builder.check_main(main.value)
    if main.value is not None and alertmanager.value is not None:
        builder.receivers(main.value, alertmanager.value)
    problems += builder.problems
    if any(problem.severity == "error" for problem in problems):
        return None, problems
    assert main.value is not None
    assert alertmanager.value is not None
    assert builder.route is not None
    settings = builder.with_secrets(main.value)
    listeners = with_paths(settings.listen, Path(bundle.folder))
    settings = msgspec.structs.replace(settings, listen=listeners)
    configuration = Configuration(
        bundle=bundle,
        settings=settings,
        alertmanager=alertmanager.value,
        data=(Path(bundle.folder) / settings.data).absolute(),
        rules=rules,
        routing=Routing(builder.route, builder.specs),
        integrations=builder.integrations,
        sources=Sources(settings.sources),
        mib=mib,
        dialects=dialects,
    )
    return configuration, problems


class _Builder:
    """Checks what no single component can, and composes the receivers."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.problems: list[Problem] = []
        self.route: Route | None = None
        self.specs: dict[str, tuple[IntegrationSpec, ...]] = {}
        self.integrations: dict[IntegrationId, MakeIntegration] = {}

    def check_main(self, settings: Settings) -> None:
        self.problems += check_listeners(settings.listen)
        self.problems += check_sources(settings.sources)
        self.problems += check_normalize(settings.normalize)
        self.problems += check_snmp(self.with_secrets(settings).decode.snmp)
        self.problems += check_sections(settings)
        if not _loopback(settings.web.listen.host):
            summary = "the API has no authentication yet: this lets anybody on the network in"
            span = settings.web.where.key("listen")
            hint = "listen on 127.0.0.1 and put a proxy that authenticates before it"
            self.problems.append(Problem("open-api", "warning", summary, span, hint))

    def receivers(self, settings: Settings, file: AlertmanagerSettings) -> None:
        names = [receiver.name for receiver in file.receivers]
        for receiver in file.receivers:
            if names.count(receiver.name) > 1:
                summary = f'notification config name "{receiver.name}" is not unique'
                self.problems.append(receiver.problem("name", summary))
            self.receiver(receiver, settings)
        for entry in settings.notify.log:
            if entry.receiver not in names and entry.where.span.line:
                summary = (
                    f'there is no receiver "{entry.receiver}" in {self.bundle.alertmanager[0]}'
                )
                hint = did_you_mean(entry.receiver, names)
                self.problems.append(entry.problem("receiver", summary, hint))
        self.route, problems = build_route(file.route, names)
        self.problems += problems

    def receiver(self, receiver: ReceiverSettings, settings: Settings) -> None:
        specs: list[IntegrationSpec] = []
        for index, webhook in enumerate(receiver.webhook_configs):
            url = webhook.url or self.bundle.secrets.get(webhook.url_file or "", "")
            read = msgspec.structs.replace(webhook, url=url, url_file=None)
            self.problems += check_webhook(webhook) or check_webhook(read)
            external = settings.web.url()
            key = IntegrationId(receiver.name, "webhook", index)
            specs.append(IntegrationSpec(key, webhook.send_resolved))
            self.integrations[key] = partial(WebhookIntegration, webhook, url, external)
        logs = [entry for entry in settings.notify.log if entry.receiver == receiver.name]
        for index, entry in enumerate(logs):
            key = IntegrationId(receiver.name, "log", index)
            specs.append(IntegrationSpec(key, entry.send_resolved))
            self.integrations[key] = LogIntegration
        self.specs[receiver.name] = tuple(specs)

    def with_secrets(self, settings: Settings) -> Settings:
        """The settings with the contents of `*_file` in the place of their twins."""
        snmp: SnmpSettings = settings.decode.snmp
        communities = tuple(self.filled(entry, "community") for entry in snmp.communities)
        users = tuple(
            self.filled(self.filled(entry, "auth_passphrase"), "privacy_passphrase")
            for entry in snmp.users
        )
        snmp = msgspec.structs.replace(snmp, communities=communities, users=users)
        decode = msgspec.structs.replace(settings.decode, snmp=snmp)
        elastic = self.filled(self.filled(settings.store.elasticsearch, "password"), "api_key")
        elastic = elastic.below(Path(self.bundle.folder))
        store = msgspec.structs.replace(settings.store, elasticsearch=elastic)
        return msgspec.structs.replace(settings, decode=decode, store=store)

    def filled(self, entry: Entry, key: str) -> Entry:
        """The entry with what the file of `key` holds; one that gives both, or neither, stays."""
        file = getattr(entry, f"{key}_file")
        if file is None or getattr(entry, key) is not None:
            return entry
        values = {key: self.bundle.secrets[file], f"{key}_file": None}
        return msgspec.structs.replace(entry, **values)


def _loopback(host: str) -> bool:
    """Whether only this machine reaches what listens on an address's host (`Address.host`)."""
    return host != "*" and ip_address(host.partition("%")[0]).is_loopback
