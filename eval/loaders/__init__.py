"""Readers of what is scored; `eval.data` is their public face."""
