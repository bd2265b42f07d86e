"""Modules and functions that torch does not have.

The source of those that a model uses is written out with it, so each class and each function stands on its own, given
`torch`, `F`, `nn`, `Tensor` and others of those here.
"""
