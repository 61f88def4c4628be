"""How far a key is from its limits, in the headers that OpenAI's clients know. Pure."""

from collections.abc import Mapping

from hotseat import pb


def of_standing(standing: pb.KeyStanding) -> dict[str, str]:
    """The headers of an answer."""
    limits, headers = standing.limits, dict[str, str]()
    if limits.requests_per_minute:
        reset_s = standing.requests_reset_duration.ToMilliseconds() / 1000
        headers |= _headers("requests", limits.requests_per_minute, standing.requests_left, reset_s)
    if limits.tokens_per_day:
        left = max(0, limits.tokens_per_day - standing.tokens_today)
        headers |= _headers("tokens", limits.tokens_per_day, left, standing.day_reset_duration.seconds)
    return headers


def of_refusal(metadata: Mapping[str, str]) -> dict[str, str]:
    """The headers of a refusal, as far as it tells."""
    if "requestLimit" not in metadata:
        return {}
    reset_s = float(metadata.get("requestsResetSeconds", "0"))
    return _headers("requests", int(metadata["requestLimit"]), int(metadata.get("requestsRemaining", "0")), reset_s)


def _headers(what: str, limit: int, left: int, reset_s: float) -> dict[str, str]:
    return {
        f"x-ratelimit-limit-{what}": str(limit),
        f"x-ratelimit-remaining-{what}": str(left),
        f"x-ratelimit-reset-{what}": _length(reset_s),
    }


def _length(seconds: float) -> str:
    """A length of time as OpenAI writes it: 1h2m3s, 4.5s or 17ms."""
    if seconds < 1:
        return f"{round(seconds * 1000)}ms"
    if seconds < 60:
        return f"{seconds:.3f}".rstrip("0").rstrip(".") + "s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{rest}s" if hours else f"{minutes}m{rest}s"
