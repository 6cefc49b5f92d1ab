"""What the assistant says, and the phrases that it says it in. Decides nothing."""
