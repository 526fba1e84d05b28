"""A running trapgate and the webhook that it tells; `shared_` ones serve a whole module."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from system.running import Trapgate
from system.webhook import Webhook


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    webhook = Webhook()
    yield webhook
    webhook.close()


@pytest.fixture
def stopped(tmp_path: Path, webhook: Webhook) -> Iterator[Trapgate]:
    """Installed, not started."""
    trapgate = Trapgate(tmp_path, webhook.url)
    yield trapgate
    trapgate.close()


@pytest.fixture
def trapgate(stopped: Trapgate) -> Trapgate:
    """Started."""
    stopped.start()
    return stopped


@pytest.fixture(scope="module")
def shared_webhook() -> Iterator[Webhook]:
    webhook = Webhook()
    yield webhook
    webhook.close()


@pytest.fixture(scope="module")
def shared_trapgate(
    tmp_path_factory: pytest.TempPathFactory, shared_webhook: Webhook
) -> Iterator[Trapgate]:
    trapgate = Trapgate(tmp_path_factory.mktemp("trapgate"), shared_webhook.url)
    trapgate.start()
    yield trapgate
    trapgate.close()
