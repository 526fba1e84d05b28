"""One module a family of rows; `FAMILIES` is the order of the table. A new row is a `Spec` in its
family, a new family a module here."""

from . import (
    burst,
    decode_syslog,
    decode_trap,
    elastic_backlog,
    history,
    memory,
    mib,
    paging,
    rule_match,
    spool_append,
    store_growth,
    store_page,
    store_words,
    store_write,
    syslog,
    translate,
    v3,
    whole_path,
)

FAMILIES = (
    whole_path.FAMILY,
    v3.FAMILY,
    *syslog.FAMILIES,
    burst.FAMILY,
    memory.FAMILY,
    paging.FAMILY,
    spool_append.FAMILY,
    decode_trap.FAMILY,
    translate.FAMILY,
    decode_syslog.FAMILY,
    store_write.FAMILY,
    store_growth.FAMILY,
    store_page.FAMILY,
    store_words.FAMILY,
    elastic_backlog.FAMILY,
    rule_match.FAMILY,
    history.FAMILY,
    mib.FAMILY,
)

__all__ = ["FAMILIES"]
