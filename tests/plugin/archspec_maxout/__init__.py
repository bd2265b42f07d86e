"""Maxout layers for archspec."""
