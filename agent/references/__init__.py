"""Which of the products that were shown a turn speaks of."""
