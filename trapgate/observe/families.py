"""All families of metrics: what each counts, in one table.

Names are `trapgate_<stage>_<noun>_<unit>_total`; those that start with `alertmanager_` are
Alertmanager's own, kept so that its dashboards and clients work.
"""

from typing import Literal

import msgspec


class Family(msgspec.Struct, frozen=True):
    """One declared family: its full name, type, labels, and what it counts, in one sentence."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    help: str
    buckets: tuple[float, ...] = ()


_LATENCY_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

FAMILIES = (
    Family(
        "trapgate_listen_datagrams_total",
        "counter",
        ("listener",),
        "Datagrams and stream frames that were read from the listener's sockets.",
    ),
    Family(
        "trapgate_listen_dropped_total",
        "counter",
        ("listener", "reason"),
        "Datagrams that did not reach the spool: kernel-dropped, source-denied, spool-full, "
        "write-failed.",
    ),
    Family(
        "trapgate_listen_connections",
        "gauge",
        ("listener",),
        "Open stream connections.",
    ),
    Family(
        "trapgate_listen_connections_refused_total",
        "counter",
        ("listener", "reason"),
        "Stream connections that were closed by us: source-denied, too-many, idle, bad-frame, "
        "proxy-header, proxy-timeout, transport-changed, tls-handshake, tls-certificate, "
        "tls-no-certificate, tls-timeout, tls-record, tls-unread, tls-unavailable.",
    ),
    Family(
        "trapgate_listen_bad_frames_total",
        "counter",
        ("listener",),
        "Stretches of streams where an octet count should have been and was none; each is kept as "
        "a datagram, and read as one.",
    ),
    Family(
        "trapgate_spool_bytes",
        "gauge",
        ("spool",),
        "Size of the spool's segment files, for each lane: `raw`, `raw-bulk` (what the peers above "
        "their fair share send), the same with a number for each receive process but the first "
        "(`raw-2`, `raw-2-bulk` ...), and `matches`. The lanes of a process share its part of "
        "`spool.size_max`; what is read stays for up to a minute.",
    ),
    Family(
        "trapgate_spool_backlog_records",
        "gauge",
        ("spool", "reader"),
        "Records that the reader has not acknowledged, for each lane (see trapgate_spool_bytes). "
        "The raw lanes are read by `rules`, for which pages wait, and by `store`, for which the "
        "search for events waits; `matches` is read by `core`.",
    ),
    Family(
        "trapgate_spool_held_records",
        "gauge",
        ("spool",),
        "Stream frames that the lane has no room for, or whose write failed; no stream is read "
        "while there are any, so that their senders wait.",
    ),
    Family(
        "trapgate_spool_diverted_peers",
        "gauge",
        ("spool",),
        "Peers that send more than their fair share, whose datagrams go to this bulk lane until it "
        "has been read to its end.",
    ),
    Family(
        "trapgate_spool_corrupt_total",
        "counter",
        ("spool",),
        "Damaged places at which records are missing; each is a line in the log, `spool.corrupt`. "
        "In `matches` also single records that cannot be read.",
    ),
    Family(
        "trapgate_spool_corrupt_records_total",
        "counter",
        ("spool",),
        "Records that are missing there, by their sequence numbers.",
    ),
    Family(
        "trapgate_spool_given_up_records_total",
        "counter",
        ("reader", "reason"),
        "Records that a reader has not read and never will: `full`, the spool had no room for them "
        "any longer (see `spool.full_policy`), `age`, they were older than `spool.age_max`. Those "
        "of `store` cannot be searched for, those of `rules` have paged nobody. Exact over "
        "restarts.",
    ),
    Family(
        "trapgate_decode_ahead_datagrams_total",
        "counter",
        (),
        "Datagrams that decode processes have decoded for ingest (`decode.workers`); it decodes "
        "the others itself.",
    ),
    Family(
        "trapgate_decode_late_total",
        "counter",
        (),
        "Requests to decode processes that were not answered in time; nothing is lost by it.",
    ),
    Family(
        "trapgate_ingest_datagrams_total",
        "counter",
        ("outcome", "reason"),
        "Spooled datagrams by the outcome in which each ended, exact over restarts: stored, "
        "malformed, duplicate, rate-limited, community-denied, usm, given-up.",
    ),
    Family(
        "trapgate_ingest_failures_total",
        "counter",
        ("reason",),
        "Bugs: datagrams that raised inside trapgate (internal-error, kept as malformed), events "
        "that could not be stored in any form (unstorable; their datagrams are given-up), events "
        "at which matching raised (unmatched; they are stored, no rule has seen them), matches "
        "that could not be written (unwritable-match) and what the quarantine could not keep "
        "(unquarantined).",
    ),
    Family(
        "trapgate_ingest_quarantined_total",
        "counter",
        ("reason",),
        "Lines that were written to `quarantine` in the data folder: events that the event store "
        "refuses for good (refused-by-store; a note is stored instead), datagrams that raised "
        "inside trapgate (internal-error; stored as malformed) and events at which matching raised "
        "(unmatched; stored as they are).",
    ),
    Family(
        "trapgate_store_events_total",
        "counter",
        (),
        "Events written to the event store.",
    ),
    Family(
        "trapgate_store_write_failures_total",
        "counter",
        (),
        "Batches that the event store refused; they stay in the spool and are tried again.",
    ),
    Family(
        "trapgate_store_damaged_files",
        "gauge",
        (),
        "Files of the SQLite store that were set aside as broken, or in which damage was met; the "
        "alarm store.damaged names them.",
    ),
    Family(
        "trapgate_store_files_gone_total",
        "counter",
        (),
        "Files of the SQLite store that were deleted or replaced by others while trapgate wrote "
        "into them; what was in them is lost.",
    ),
    Family(
        "trapgate_store_words_lag_events",
        "gauge",
        (),
        "Events of the SQLite store whose words are not indexed yet: a search for words reads them "
        "one by one. Datagrams between them that are not stored (copies, refused ones) count too.",
    ),
    Family(
        "trapgate_store_words_failures_total",
        "counter",
        (),
        "Failures to read the events or to write the index of their words; they are tried again "
        "every second.",
    ),
    Family(
        "trapgate_store_window_events",
        "gauge",
        (),
        "Events that were handed to the writer of a remote event store and are not confirmed yet; "
        "what does not fit waits in the spool (trapgate_spool_backlog_records).",
    ),
    Family(
        "trapgate_store_stalled_seconds",
        "gauge",
        (),
        "For how long a remote event store has taken nothing although events wait for it; 0 while "
        "it keeps up.",
    ),
    Family(
        "trapgate_store_request_failures_total",
        "counter",
        ("reason",),
        "Requests to Elasticsearch that failed, the quick tries among them: connection, timeout, "
        "tls, busy (429), server (5xx), denied (401, 403), refused (other 4xx), answer (no JSON), "
        "not-elasticsearch. What was to be written is tried again.",
    ),
    Family(
        "trapgate_store_node_failures_total",
        "counter",
        ("node",),
        "Requests that a node of Elasticsearch, named by its URL, did not answer; another one was "
        "asked if there is one and the request had not been sent.",
    ),
    Family(
        "trapgate_store_bulk_seconds",
        "histogram",
        (),
        "How long Elasticsearch took for one request of events.",
        _LATENCY_S,
    ),
    Family(
        "trapgate_rules_matches_total",
        "counter",
        ("verb",),
        "Matches: events that met a rule's condition (raise) or clear.",
    ),
    Family(
        "trapgate_rules_decisions_total",
        "counter",
        ("verdict",),
        "What became of matches: raised, repeated, cleared, and why others changed nothing.",
    ),
    Family(
        "trapgate_rules_failures_total",
        "counter",
        (),
        "Bugs: matches at which the rule engine raised. They are passed over; the log has them.",
    ),
    Family(
        "trapgate_rules_template_failures_total",
        "counter",
        (),
        "Labels or annotations that could not be rendered; the error stands in their place.",
    ),
    Family(
        "trapgate_alerting_commits_total",
        "counter",
        ("outcome",),
        "Units of state that were committed, lost a conflict, or failed.",
    ),
    Family(
        "trapgate_alerting_owed_resolves",
        "gauge",
        ("receiver",),
        "Alerts that a receiver was told about and that are not resolved there yet.",
    ),
    Family(
        "trapgate_alerting_history_failures_total",
        "counter",
        (),
        "Decisions that the history could not keep: it failed, or could not keep up.",
    ),
    Family(
        "trapgate_notify_attempts_total",
        "counter",
        ("integration", "outcome"),
        "Attempts to deliver a notification: done, retry, failed.",
    ),
    Family(
        "trapgate_pipeline_latency_seconds",
        "histogram",
        (),
        "From the receipt of an event to the receiver's confirmation of the notification it "
        "caused.",
        _LATENCY_S,
    ),
    Family(
        "trapgate_pipeline_restarts_total",
        "counter",
        ("process",),
        "Processes that died and were started again.",
    ),
    Family(
        "trapgate_pipeline_hangs_total",
        "counter",
        ("process",),
        "Processes that had stopped going on without having died: they were ended, and started "
        "again.",
    ),
    Family(
        "trapgate_pipeline_silent_seconds",
        "gauge",
        ("process",),
        "For how long a process has not gone on. Below 2 in a healthy one, also while it has "
        "nothing to do; 60 is the alarm process.hung, at 120 it is ended and started again.",
    ),
    Family(
        "trapgate_pipeline_alarms",
        "gauge",
        ("alarm", "subject"),
        "One while something is wrong that an operator must see to; the log, `/-/ready` and the "
        "page at `/` say the same: spool.full, spool.pressed, spool.write-failed, "
        "spool.store-gave-up, spool.rules-gave-up, store.away, store.damaged, rules.blocked, "
        "process.failing, process.hung. The subject is the spool, the kind of the store, or the "
        "process.",
    ),
    Family(
        "trapgate_pipeline_alarm_reasons",
        "gauge",
        ("alarm", "subject", "reason"),
        "Why an alarm is on, in the words of the log, if it is known; there is none for an alarm "
        "that is over.",
    ),
    Family(
        "trapgate_config_last_reload_successful",
        "gauge",
        (),
        "Whether the last reload of the configuration was accepted.",
    ),
    Family("trapgate_build_info", "gauge", ("version",), "Always 1."),
    Family("alertmanager_alerts", "gauge", ("state",), "How many alerts by state."),
    Family(
        "alertmanager_alerts_received_total",
        "counter",
        ("status", "version"),
        "The total number of received alerts.",
    ),
    Family(
        "alertmanager_alerts_invalid_total",
        "counter",
        ("version",),
        "The total number of received alerts that were invalid.",
    ),
    Family(
        "alertmanager_notifications_total",
        "counter",
        ("integration",),
        "The total number of attempted notifications.",
    ),
    Family(
        "alertmanager_notifications_failed_total",
        "counter",
        ("integration", "reason"),
        "The total number of failed notifications.",
    ),
    Family(
        "alertmanager_config_last_reload_successful",
        "gauge",
        (),
        "Whether the last configuration reload attempt was successful.",
    ),
    Family(
        "alertmanager_config_last_reload_success_timestamp_seconds",
        "gauge",
        (),
        "Timestamp of the last successful configuration reload.",
    ),
    Family(
        "alertmanager_config_hash",
        "gauge",
        (),
        "Hash of the currently loaded alertmanager configuration.",
    ),
    Family(
        "alertmanager_build_info",
        "gauge",
        ("version",),
        "Always 1; the version is the Alertmanager whose API is spoken.",
    ),
)
