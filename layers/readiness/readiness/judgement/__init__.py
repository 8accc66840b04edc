"""Verdicts that several headings share."""
