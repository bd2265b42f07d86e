"""Figures in documents: specs are drawn while Sphinx, MkDocs or Python-Markdown build the pages they stand in.

`archspec_documents.sphinx` is an extension of Sphinx, `archspec_documents.markdown` one of Python-Markdown, and
`archspec_documents.mkdocs` a plugin of MkDocs, which brings that along. What they share is in the other modules.
"""
