"""What is found in a picture: each file has a value, the finding, and the finder that makes it."""
