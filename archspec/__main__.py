"""`python -m archspec` is the command `archspec`."""

from archspec.main import main

if __name__ == "__main__":
    raise SystemExit(main())
