"""Damage of a spool, told: one line in the log and one count for each place."""

from trapgate.observe import Metrics, logger
from trapgate.spool import Damage

ADVICE = "these records are lost; see to the disk of the data folder (its kernel log, SMART)"


class DamageTold:
    """Tells of the damage of one spool; to be given to its writer, and to the `Damages` of its
    readers."""

    def __init__(self, metrics: Metrics, spool: str) -> None:
        """`spool` is what the metrics call it: the name of its folder."""
        self._spool = spool
        self._places = metrics.counter("trapgate_spool_corrupt_total").labels(spool)
        self._records = metrics.counter("trapgate_spool_corrupt_records_total").labels(spool)

    def __call__(self, damage: Damage) -> None:
        """Count and tell what is lost; what nobody waits for, a torn batch at the end, is told at
        level info and is no damage."""
        place = {
            "spool": self._spool,
            "file": damage.file,
            "offset": damage.offset,
            "size_bytes": damage.size_bytes,
            "after": damage.after,
        }
        if damage.records:
            self._places.inc()
            self._records.inc(damage.records)
            logger().error("spool.corrupt", **place, records=damage.records, help=ADVICE)
        else:
            logger().info(
                "spool.cut", **place, reason="nobody was told that it is kept, or all have read it"
            )
