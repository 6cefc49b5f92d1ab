"""From words to a plan and back, over many turns. Knows no HTML and no HTTP."""
