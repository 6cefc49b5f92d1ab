"""Learning the blend and the cross-encoder from judged queries and from the catalogue itself."""
