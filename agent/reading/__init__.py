"""What one utterance says, read by rules and the words of the shop. Knows no earlier turn."""
