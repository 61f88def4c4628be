"""The operator's commands: what they do. How they are called stands beside this package."""
