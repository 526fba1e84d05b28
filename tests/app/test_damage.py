"""Damage of a spool is a line in the log and a count; a torn batch is a line at level info."""

from structlog.testing import capture_logs

from trapgate.app.damage import DamageTold
from trapgate.observe import Metrics
from trapgate.spool import Damage


def test_what_is_lost_is_counted_and_told() -> None:
    metrics = Metrics()
    told = DamageTold(metrics, "raw-bulk")

    def count(name: str) -> float | None:
        return metrics.registry.get_sample_value(name, {"spool": "raw-bulk"})

    names = "trapgate_spool_corrupt_total", "trapgate_spool_corrupt_records_total"
    assert [count(name) for name in names] == [0, 0]
    with capture_logs() as logs:
        told(Damage("1.seg", 4_096, 553_344, after=41, records=3_869))
    (line,) = logs
    assert "disk" in line.pop("help")
    assert line == {
        "event": "spool.corrupt",
        "log_level": "error",
        "spool": "raw-bulk",
        "file": "1.seg",
        "offset": 4_096,
        "size_bytes": 553_344,
        "after": 41,
        "records": 3_869,
    }
    assert [count(name) for name in names] == [1, 3_869]
    with capture_logs() as logs:
        told(Damage("1.seg", 4_096, 100, after=41, records=0))
    assert [(line["event"], line["log_level"]) for line in logs] == [("spool.cut", "info")]
    assert [count(name) for name in names] == [1, 3_869]
