"""Relevance judged by models, and how far such judgments can be trusted. Serves nobody."""
