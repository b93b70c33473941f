"""Where `motcua` and `python -m bot` begin."""

import os
import signal
import sys


def main() -> None:
    """Run the command line; a service that is told to stop while it loads ends without a word."""
    if sys.argv[1:2] == ["serve"]:
        for each in (signal.SIGINT, signal.SIGTERM):
            # Nothing is open yet, and what is being imported cannot be left in order.
            signal.signal(each, lambda *_: os._exit(0))
    from bot.cli import main as run  # noqa: PLC0415 - it takes the longest to load

    run()


if __name__ == "__main__":
    main()
