"""From a picture to its description, in words and sound."""
