"""What can be set: one table of all settings, and the file that they may stand in. No business of the servers."""
