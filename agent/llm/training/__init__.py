"""Teaches the embedded planner; serving never comes here."""
