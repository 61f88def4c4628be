"""What the benches share: the ways to ask, and the ways to tell."""
