"""The insight page: what the owner of the shop sees of the behaviour log. Logs nothing itself."""
