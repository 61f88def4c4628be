"""Conversations: what was said, who may speak, the running turn, and the log that clients read."""
