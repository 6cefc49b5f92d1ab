"""How good and how fast search is, and why. Serves nobody; import from its modules, never `import eval`."""
