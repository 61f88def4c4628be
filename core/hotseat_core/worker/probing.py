"""Tries whether a program that contains others works on this machine."""

import asyncio

_PROBE_S = 10.0  # it takes 5 ms


class DoesNotWorkError(Exception):
    """It can't be had here; the message says why."""


async def probe(*argv: str, fds: tuple[int, ...] = ()) -> None:
    """Run the command and return where it succeeds. Raises DoesNotWorkError."""
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            env={},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            pass_fds=fds,
        )
    except OSError as exc:
        raise DoesNotWorkError(f"{argv[0]} can't be run: {exc}") from exc
    try:
        async with asyncio.timeout(_PROBE_S):
            output, _ = await process.communicate()
    except TimeoutError:
        raise DoesNotWorkError(f"{argv[0]} did not answer within {_PROBE_S:.0f} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        said = output.decode("utf-8", "replace").strip()[-500:]
        raise DoesNotWorkError(f"{argv[0]} does not work here: {said}")
