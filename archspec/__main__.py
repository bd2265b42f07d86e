"""`python -m archspec` is the command `archspec`."""

from archspec.main import run

if __name__ == "__main__":
    raise SystemExit(run())
