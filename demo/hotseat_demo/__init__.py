"""A scripted Anthropic Messages API on loopback: the demo model, and the double in every test."""
