"""The one way in which a query can be wrong."""


class QueryError(Exception):
    """A query that cannot be read.

    `offset` counts characters of the text from 0 and points at what is wrong, `summary` is a
    sentence without a full stop, `help` says what to write instead ("" if there is no saying).
    """

    def __init__(self, offset: int, summary: str, help: str = "") -> None:
        super().__init__(summary)
        self.offset = offset
        self.summary = summary
        self.help = help
