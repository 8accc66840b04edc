"""What several headings conclude from evidence."""
