"""The catalogue capability of the Universal Commerce Protocol: its shapes and its three functions."""

VERSION = "2026-08-25"
SEARCH = "dev.ucp.shopping.catalog.search"
LOOKUP = "dev.ucp.shopping.catalog.lookup"
EXTENSION = "dev.aisle.search"  # what the protocol lacks: exclusions, orders, receipts, relaxations
EXTENSION_VERSION = "2026-11-01"
