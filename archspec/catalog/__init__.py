"""The kinds of errors: a module for each stage. `archspec.catalog.index` has them all, in the order of their codes."""
