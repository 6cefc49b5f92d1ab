"""The page on which a person grades pairs."""
