"""What all four packages share. It imports nothing of ours, so each of them may import it."""
