"""What is wrong with sections of `trapgate.yml` whatever the others say.

They are checked as soon as they can be read, also where others cannot.
"""

from trapgate.app.settings import (
    AGE_LEAST,
    DECODERS_MAX,
    RETENTION_DAYS_MAX,
    WORKERS_MAX,
    DecodeSettings,
    Settings,
    SpoolSettings,
    StoreSettings,
)
from trapgate.model import Problem
from trapgate.pipeline.intake import ROOM_BYTES_MIN
from trapgate.store import check_elasticsearch


def check_sections(settings: Settings) -> list[Problem]:
    """What is wrong with `store`, `decode` and `spool`; each value may be a default in the place of
    one that cannot be read."""
    return [
        *check_store(settings.store),
        *check_decode(settings.decode),
        *check_spool(settings.spool),
    ]


def check_decode(settings: DecodeSettings) -> list[Problem]:
    """What is wrong with `decode` beside what its protocols check: the number of processes."""
    if 0 <= settings.workers <= DECODERS_MAX:
        return []
    return [settings.problem("workers", f'"workers" must be from 0 to {DECODERS_MAX}')]


def check_store(settings: StoreSettings) -> list[Problem]:
    """What is wrong with `store`, without a look at files or servers."""
    problems = []
    if not 1 <= settings.retention_days <= RETENTION_DAYS_MAX:
        summary = f'"retention_days" must be from 1 to {RETENTION_DAYS_MAX}'
        problems.append(settings.problem("retention_days", summary))
    if settings.kind == "elasticsearch":
        problems += check_elasticsearch(settings.elasticsearch)
    return problems


def check_spool(settings: SpoolSettings) -> list[Problem]:
    """What is wrong with `spool`: too many processes, too little room for each of them, or records
    that would be given up at once."""
    problems = []
    counted = 1 <= settings.workers <= WORKERS_MAX
    if not counted:
        summary = f'"workers" must be from 1 to {WORKERS_MAX}'
        problems.append(settings.problem("workers", summary))
    if settings.age_max is not None and settings.age_max < AGE_LEAST:
        summary = f'"age_max" must be {AGE_LEAST} or more'
        hint = "leave it empty to have no such bound"
        problems.append(settings.problem("age_max", summary, hint))
    # what so many processes would need that there cannot be is of no use to anybody
    workers = settings.workers if counted else 1
    least = ROOM_BYTES_MIN * workers
    if settings.size_max < least:
        mib = 1024 * 1024
        summary = f'"size_max" must be {least // mib}MiB or more'
        hint = f"{ROOM_BYTES_MIN // mib}MiB for each of the receive processes: {workers}"
        problems.append(settings.problem("size_max", summary, hint))
    return problems
