"""One module a family of rows; `FAMILIES` is the order of the table. A new row is a `Spec` in its
family, a new family a module here."""

from . import (
    decode_syslog,
    decode_trap,
    paging,
    rule_match,
    spool_append,
    store_write,
    translate,
    whole_path,
)

FAMILIES = (
    whole_path.FAMILY,
    paging.FAMILY,
    spool_append.FAMILY,
    decode_trap.FAMILY,
    translate.FAMILY,
    decode_syslog.FAMILY,
    store_write.FAMILY,
    rule_match.FAMILY,
)

__all__ = ["FAMILIES"]
