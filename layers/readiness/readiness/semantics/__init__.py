"""What AWS's own languages and settings mean, where evidence or several headings need it."""
