"""Units are judged in order, and only conflicts are read."""

from trapgate.model import Applied, Conflict, Entry, Put, Unit
from trapgate.state.draft import Draft


def test_only_a_conflict_reads_values() -> None:
    stored = {"a": Entry("a", b"1", 4), "b": Entry("b", b"2", 5)}
    read: list[str] = []

    def reading(key: str) -> Entry | None:
        read.append(key)
        return stored.get(key)

    draft = Draft(9, lambda key: stored[key].revision if key in stored else 0, reading)
    assert draft.judge(Unit((Put("a", 4, b"new"), Put("c", 0, b"3")))) == Applied(10)
    assert read == []
    lost = Unit((Put("a", 4, b""), Put("b", 4, b""), Put("c", 10, b""), Put("d", 1, b"")))
    assert draft.judge(lost) == Conflict((Entry("a", b"new", 10), stored["b"]))
    assert read == ["b", "d"]
    assert draft.revision == 10
    assert draft.changes == {"a": Entry("a", b"new", 10), "c": Entry("c", b"3", 10)}


def test_a_draft_changes_nothing_but_itself() -> None:
    stored = {"a": Entry("a", b"1", 1)}
    draft = Draft(1, lambda key: 1, stored.get)
    draft.judge(Unit((Put("a", 1, None),)))
    assert draft.changes == {"a": None}
    assert stored == {"a": Entry("a", b"1", 1)}
