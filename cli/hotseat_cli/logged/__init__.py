"""What `hotseat logs` reads and shows."""
