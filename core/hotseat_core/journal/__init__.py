"""What was said in every conversation, on disk: the truth that everything else is rebuilt from."""
