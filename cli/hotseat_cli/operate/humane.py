"""Times, sizes and sums as people read them. Pure."""

_KIB = 1024


def duration(seconds: float) -> str:
    """A length of time in at most two units: 0.4s, 42s, 5m03s, 2h05m, 3d04h."""
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f}s"
    whole = round(seconds)
    for unit, size, part, part_size in (("d", 86400, "h", 3600), ("h", 3600, "m", 60), ("m", 60, "s", 1)):
        if whole >= size:
            return f"{whole // size}{unit}{whole % size // part_size:02d}{part}"
    return f"{whole}s"


def size(count: int) -> str:
    """Bytes: 812 KiB, 182 MiB, 1.4 GiB."""
    amount = float(count)
    for unit in ("B", "KiB", "MiB"):
        if amount < _KIB:
            return f"{amount:.0f} {unit}"
        amount /= _KIB
    return f"{amount:.1f} GiB"


def cost(dollars: float) -> str:
    """US dollars; small sums with enough digits to be seen."""
    return f"${dollars:.2f}" if dollars >= 1 or not dollars else f"${dollars:.4f}"


def some(count: int, thing: str) -> str:
    """A number of things: 1 turn, 2 turns."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def shortened(text: str, most: int) -> str:
    """The text in one line of at most that many characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 3] + "..."
