"""Which nodes of the cluster do not answer: each is told of once, while the others do its work."""

from collections.abc import Callable, Sequence
from typing import Any

from elastic_transport import HttpxAsyncHttpNode, TransportError

from trapgate.observe import logger


class Nodes:
    """What each node did last. For one thread."""

    def __init__(self, urls: Sequence[str], count: Callable[[str], object]) -> None:
        """`count` is told the URL of a node whenever it has not answered."""
        self._several = len(urls) > 1  # that the only one is away is the store's alarm
        self._count = count
        self._away: set[str] = set()

    def failed(self, url: str, reason: str) -> None:
        """A node has not answered; logged until it does."""
        self._count(url)
        if url not in self._away:
            self._away.add(url)
            if self._several:
                logger().warning("store.node-away", url=url, reason=reason)

    def answered(self, url: str) -> None:
        """A node has answered, whatever it said."""
        if url in self._away:
            self._away.discard(url)
            if self._several:
                logger().info("store.node-away.over", url=url)


def node_class(nodes: Nodes) -> type[HttpxAsyncHttpNode]:
    """The client's node, that says how each request ended and names itself in what it raises."""

    class Node(HttpxAsyncHttpNode):
        # the client's own node differs from its base in the same way
        async def perform_request(self, *request: Any, **options: Any) -> Any:  # type: ignore[override]
            try:
                answer = await super().perform_request(*request, **options)
            except TransportError as error:
                nodes.failed(self.base_url, error.message)
                error.message = f"{self.base_url}: {error.message}"
                raise
            nodes.answered(self.base_url)
            return answer

    return Node
