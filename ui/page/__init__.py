"""The chat page: what a shopper sees of the steps of a turn. Decides nothing."""
