"""The `hotseat` command."""
