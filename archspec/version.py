"""The version of the distribution `archspec-nn`.

It stands alone so that it can be read by the build, and so that it stays ours where the unrelated distribution
`archspec` has put its own `archspec/__init__.py` over the one shipped here.
"""

VERSION = "0.1.0"
