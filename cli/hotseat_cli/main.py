"""The `hotseat` command."""


def main() -> None:
    """Run the command line."""
