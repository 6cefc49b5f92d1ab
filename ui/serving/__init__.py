"""What stands between the network and the shop: keys, limits, overload, metrics. Knows no products."""
