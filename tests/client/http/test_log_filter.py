"""No log of httpx or httpcore contains a key."""

from __future__ import annotations

import contextlib
import gc
import logging
import subprocess
import sys

import pytest

from kling_widgets.client.credentials.secret import Secret
from kling_widgets.client.http import log_filter
from kling_widgets.errors import KlingError
from tests.client.conftest import KEY, Maker
from tests.servers import Answer, FaultServer


class Holder:
    """An object with a key, like a client's driver."""

    def __init__(self, key: str) -> None:
        self.key = Secret(key)


@pytest.mark.parametrize(
    "echo",
    [
        {"X-Echo": f"Bearer {KEY}"},
        {"Set-Cookie": f"token={KEY}; Path=/"},
        {"Location": f"https://elsewhere.example/?key={KEY}"},
        {"X-Request": f'{{"authorization": "Bearer {KEY}"}}'},
    ],
)
@pytest.mark.parametrize("status", [200, 302, 401, 500])
def test_a_key_in_a_header_of_an_answer(
    make: Maker, caplog: pytest.LogCaptureFixture, echo: dict[str, str], status: int
) -> None:
    """The headers that httpcore logs at level DEBUG are unchanged except for the key."""
    caplog.set_level(logging.DEBUG)
    with FaultServer(lambda asked: Answer(status, {"id": "t1"}, headers=echo)) as server:
        client = make(server.url)
        for call in (client.get, lambda body: client.create({"model": body})):
            with contextlib.suppress(KlingError):
                call("t1")
    (name,) = echo
    assert name in caplog.text and "receive_response_headers" in caplog.text
    assert KEY not in caplog.text and KEY[3:] not in caplog.text


def test_every_logger_of_theirs_is_covered() -> None:
    """The list of loggers is complete for the installed versions of httpx and httpcore."""
    code = (
        "import logging, httpx, httpcore\n"
        "print(*[name for name in logging.root.manager.loggerDict if name.split('.')[0] in ('httpx', 'httpcore')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) - {"httpcore"} <= set(log_filter.LOGGERS)


def test_it_ends_with_the_client(caplog: pytest.LogCaptureFixture) -> None:
    """After the client is gone, records are unchanged; the filter is added once for all clients."""
    caplog.set_level(logging.DEBUG)
    logger = logging.getLogger("httpx")
    holders = [Holder(KEY), Holder(KEY), Holder("sk-other-0123456789")]
    for holder in holders:
        log_filter.protect(holder)
    filters = len(logger.filters)
    logger.info("%s and %s", KEY, "sk-other-0123456789")
    del holders[0], holder
    gc.collect()
    logger.info("%s, said %d times", KEY, 2)
    assert [record.getMessage() for record in caplog.records] == ["… and …", "…, said 2 times"]
    holders.clear()
    gc.collect()
    logger.info("%s", "nobody's")
    assert caplog.records[-1].args == ("nobody's",)
    log_filter.protect(Holder(KEY))
    assert len(logger.filters) == filters


def test_a_record_that_does_not_fit_its_arguments_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    """A record with wrong arguments is left to logging, which reports it."""
    holder = Holder(KEY)
    log_filter.protect(holder)
    with pytest.raises(TypeError):
        logging.getLogger("httpx").error("%d %d", 1)
