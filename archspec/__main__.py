"""The commands `archspec`, `archspec-nn` and `python -m archspec`: the command line in a process of its own."""

import gc


def run() -> int:
    """Run the command line and return its status.

    Such a process ends before there is garbage worth collecting. Leaving it uncollected takes a fifth off the time of
    a check: while our modules are imported, and at the end, where Python would look through all of them once more.
    """
    gc.disable()
    from archspec.main import main  # Only here, so that it is imported without the collector.

    status = main()
    gc.freeze()
    return status


if __name__ == "__main__":
    raise SystemExit(run())
