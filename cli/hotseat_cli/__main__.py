"""`python -m hotseat_cli` is `hotseat`."""

from hotseat_cli.main import main

main()
