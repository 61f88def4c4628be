"""The hotseat command."""
