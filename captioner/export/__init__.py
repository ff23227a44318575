"""Captioners of transformers as files that run without torch and without transformers.

`export` writes them and needs the extra `models`; `format` is what `captioner.backends.exported` reads them with.
"""
