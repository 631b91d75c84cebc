"""``python -m kling_widgets.demo``: the demo service as a foreground program."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from kling_widgets.core.printing import say
from kling_widgets.demo.failures import help_text
from kling_widgets.demo.service import default_folder, start
from kling_widgets.errors import KlingError

HOW = """kling_widgets demo: {url}
Tasks and clips are in {folder}

    export CRAZYROUTER_BASE_URL={url}
    export CRAZYROUTER_API_KEY=demo

Any key works. Words in a prompt simulate failures: --help lists them. Ctrl+C stops the demo."""


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the program's options."""
    parser = argparse.ArgumentParser(
        prog="python -m kling_widgets.demo",
        description="The video service on this machine, free and without a model: the same protocol, real MP4s.",
        epilog=f"words in a prompt that simulate failures:\n{help_text()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--port", type=int, default=0, metavar="N", help="the port on 127.0.0.1 (default: any free one)"
    )
    parser.add_argument(
        "--folder", type=Path, metavar="DIR", help="where tasks and clips are kept (default: KLING_WIDGETS_HOME/demo)"
    )
    parser.add_argument("--seconds", type=float, metavar="S", help="the minimum time of a task (default: 4)")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the service until Ctrl+C or SIGTERM, and return the exit status."""
    options = arguments().parse_args(argv)
    try:
        demo = start(options.folder or default_folder(), seconds_per_task=options.seconds, port=options.port)
    except KlingError as error:
        say(str(error), sys.stderr)
        return 1
    with demo:
        # SIGTERM is handled like Ctrl+C.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            say(HOW.format(url=demo.base_url, folder=demo.folder))
            while not demo.wait(0.5):  # in steps, as Windows delivers Ctrl+C only between them
                pass
        except KeyboardInterrupt:
            say("\nThe demo has stopped. Its tasks are kept.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
