"""What `hotseat keys login-link` does."""

from hotseat_cli.banner import login_url
from hotseat_cli.operate.session import Session


async def link(session: Session, url: str, lifetime_s: float | None) -> None:
    """Print a login link."""
    made = await session.client.create_login(lifetime_s=lifetime_s)
    where = login_url(url, made.code)
    if session.output.as_json:
        session.output.json({"url": where, "expire_time": made.expire_time.ToJsonString()})
        return
    session.output.line(where)
    session.output.note("It logs one browser in, once. Open it soon, and show it to nobody.")
