"""Which products come first, and why. Knows nothing of HTTP, prompts or conversation."""
