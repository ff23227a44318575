"""Readers of the layouts in which captions are published; `eval.data` is their public face."""
