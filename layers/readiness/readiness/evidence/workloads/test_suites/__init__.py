"""The runs of the tests that a manifest names."""
