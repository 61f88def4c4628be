"""What `hotseat config` shows, checks and writes."""
