"""Pictures: a path, bytes or a Pillow image becomes upright RGB pixels, or one clear sentence says why not.

This is the only package of the project that opens pictures, so what is safe and what is right is decided once: how
large a picture may be, which way is up, what transparency and sixteen bits look like, and what a person is told.
"""

from captioner.errors import ImageError
from captioner.picture.files import MAX_BYTES
from captioner.picture.picture import Picture, open_image
from captioner.picture.view import View

__all__ = ["MAX_BYTES", "ImageError", "Picture", "View", "open_image"]
