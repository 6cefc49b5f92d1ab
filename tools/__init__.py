"""What can be done with a shop: callable capabilities and their shapes. Holds no conversation."""
