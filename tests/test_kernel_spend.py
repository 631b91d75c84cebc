"""What a cell may make without confirmation, in a real kernel of either version: in a loop, in threads, run again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.kernel import Kernel

pytestmark = pytest.mark.slow

LOAD = (
    "%load_ext kling_widgets\nimport kling_widgets as kw\nfrom concurrent.futures import ThreadPoolExecutor\n"
    "%config Kling.confirm_above = '1 video'"
)
COUNT = "len(kw.history())"
LOOP = "for n in range(2): kw.submit('2.6', prompt=f'boat {n}', size='512x512'YES)"
GATHER = (
    "async def make(n): return kw.submit('2.6', prompt=f'boat {n}', size='512x512'YES)\n"
    "import asyncio; await asyncio.gather(*map(make, range(2)))"
)
THREADS = (
    "def make(n): return kw.submit('2.6', prompt=f'boat {n}', size='512x512'YES)\n"
    "with ThreadPoolExecutor(1) as pool: list(pool.map(make, range(2)))"
)

New = Callable[..., Kernel]


@pytest.fixture
def new(kernel_name: str) -> Iterator[New]:
    """Return a function that starts kernels of either version in demo mode."""
    started: list[Kernel] = []

    def starter(**settings: object) -> Kernel:
        started.append(Kernel(kernel_name, env={"KLING_WIDGETS_DEMO": "1"}, **settings).__enter__())  # type: ignore[arg-type]
        started[-1].run(LOAD)
        return started[-1]

    yield starter
    for kernel in started:
        kernel.__exit__()


@pytest.mark.parametrize("cell", [LOOP, GATHER, THREADS], ids=["loop", "gather", "threads"])
def test_a_cell_counts_together_and_meets_what_it_has_made(cell: str, new: New) -> None:
    """A headless run is refused at the second video, and again if it is repeated. With a confirmation, also in a new
    kernel, it makes the remaining ones, and pays for none twice."""
    kernel = new(front_end=False)
    for _ in range(2):
        refused, count = kernel.run(cell.replace("YES", ""), COUNT)
        assert "1 video · 5 s, and 1 video · 5 s before it in this cell" in refused.text
        assert "This cell has already submitted 1 video · 5 s: run again, it finds those" in refused.text
        assert count.status == "aborted"
        assert kernel.run(COUNT)[0].text.strip() == "1"
    if cell is LOOP:
        kernel = new(front_end=False)
    made, count = kernel.run(cell.replace("YES", ", yes=True"), COUNT)
    assert made.status == "ok", made.text
    assert count.text.strip() == "2"


def test_a_slip_is_asked_about_once_a_kernel(new: New) -> None:
    """In a notebook, a value that is not documented is sent after a yes, and the same value is not asked about
    again."""
    kernel = new(answer="y")
    kernel.run("%kling --seconds 7 --size 512x512 a boat", "%kling --seconds 7 --size 512x512 a ship")
    assert kernel.asked == ["This model is documented for 5 or 10 seconds, not 7 seconds. Send anyway? [y/N] "]
    assert kernel.run(COUNT)[0].text.strip() == "2"


def test_by_program_a_slip_is_sent_with_its_note(new: New) -> None:
    """A headless run sends an undocumented value with a note, because our sources may be out of date."""
    sent, count = new(front_end=False).run("%kling --seconds 7 --size 512x512 a boat", COUNT)
    assert "This model is documented for 5 or 10 seconds, not 7 seconds." in sent.text
    assert count.text.strip() == "1"
