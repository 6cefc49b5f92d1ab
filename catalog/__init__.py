"""Products: what one is, where they come from, and the index that finds them again."""
