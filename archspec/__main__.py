"""The commands `archspec`, `archspec-nn` and `python -m archspec`: the command line in a process of its own.

What a process does only because it might go on for long, ours does not do, which takes a fifth off the time of a check.
"""

import gc
import os
import sys
from typing import NoReturn


def run() -> NoReturn:
    """Run the command line, and end the process with its status."""
    # Such a process ends before there is garbage worth collecting.
    gc.disable()
    # Nobody watches what pydantic validates here, and it would look for who does in all packages that are installed.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from archspec.main import main  # Only here, so that it is imported without the collector.

    status = main()
    # Taking all modules apart, one by one, gives no more back than the end of the process does.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    run()
