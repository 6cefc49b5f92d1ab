"""Language models: one seam for every model, hosted or embedded. Knows nothing of shopping."""
