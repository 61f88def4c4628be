"""What both servers share: how a process of theirs starts, logs and ends. No business of theirs, no wire."""
