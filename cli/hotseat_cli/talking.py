"""The chat's loop: read a line, have a turn, until the user leaves."""

import asyncio
import signal
from contextlib import suppress

from hotseat import Client, HotseatError, pb

from hotseat_cli.connecting import connected
from hotseat_cli.dialogue import Dialogue, Wish
from hotseat_cli.explain import explain
from hotseat_cli.settings import SettingsError
from hotseat_cli.terminal import Terminal

__all__ = ["Wish", "converse_in_terminal"]

_PROMPT = "> "
_INTERRUPTED = 130
_LEFT = 131  # the user did not wait for the interrupted turn's end


def converse_in_terminal(wish: Wish, text: str | None) -> int:
    """Answer `text`, or talk until the user leaves where there is none; the exit code."""
    terminal = Terminal(colour=wish.colour)
    # The loop stands still while the user types: input() then has the terminal, its history and its Ctrl-C.
    with asyncio.Runner() as runner:
        try:
            client = runner.run(_connect(wish))
        except SettingsError as error:
            terminal.aside(f"hotseat: {error}")
            return 2
        dialogue = Dialogue(client, wish, terminal, wish.conversation_id)
        try:
            if text is not None:
                code = runner.run(_turn(dialogue, text))
                return _INTERRUPTED if code == _LEFT else code
            runner.run(_greet(dialogue))
            _talk(runner, dialogue)
        except HotseatError as error:
            terminal.aside(f"hotseat: {explain(error, wish.target)}")
            return 1
        finally:
            runner.run(client.aclose())
    return 0


async def _connect(wish: Wish) -> Client:
    return connected({**wish.values, "HOTSEAT_CORE_TARGET": wish.target})


async def _greet(dialogue: Dialogue) -> None:
    profiles = await dialogue.client.list_profiles()
    answering = dialogue.wish.profile or (profiles[0].name if profiles else "the default profile")
    dialogue.terminal.aside(f"{answering} at {dialogue.wish.target}. Ctrl-C stops an answer, Ctrl-D leaves.")


def _talk(runner: asyncio.Runner, dialogue: Dialogue) -> None:
    with suppress(ImportError):  # built without readline: input() still works, without history
        import readline  # noqa: F401 - importing it gives input() its line editing
    while (line := _read_line()) is not None:
        if line.strip() and runner.run(_turn(dialogue, line)) == _LEFT:
            break
    if dialogue.conversation_id:
        dialogue.terminal.aside(f"Go on later with: hotseat chat -c {dialogue.conversation_id}")


def _read_line() -> str | None:
    """A line from the user; None where they leave."""
    while True:
        try:
            return input(_PROMPT)
        except EOFError:
            print()
            return None
        except KeyboardInterrupt:
            print()
            if not _typed():
                return None


def _typed() -> str:
    try:
        import readline
    except ImportError:
        return ""
    return readline.get_line_buffer()


async def _turn(dialogue: Dialogue, text: str) -> int:
    """Have one turn; 0 if it was answered. Ctrl-C interrupts it, a second one leaves without waiting."""
    stop = asyncio.Event()
    turn = asyncio.ensure_future(dialogue.turn(text, stop))

    def on_interrupt() -> None:
        if stop.is_set():
            turn.cancel()
        stop.set()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, on_interrupt)
    try:
        return _ended(dialogue, await turn)
    except asyncio.CancelledError:
        if not stop.is_set():
            raise
        dialogue.terminal.end_line()
        return _LEFT
    except HotseatError as error:
        dialogue.terminal.aside(f"hotseat: {explain(error, dialogue.wish.target)}")
        return 1
    finally:
        loop.remove_signal_handler(signal.SIGINT)


def _ended(dialogue: Dialogue, completed: pb.TurnCompleted) -> int:
    terminal = dialogue.terminal
    match completed.outcome:
        case pb.TurnCompleted.OUTCOME_SUCCEEDED:
            return 0
        case pb.TurnCompleted.OUTCOME_TRUNCATED:
            terminal.aside("hotseat: the answer was cut at the model's output limit")
            return 0
        case pb.TurnCompleted.OUTCOME_INTERRUPTED:
            terminal.aside("hotseat: interrupted")
            return _INTERRUPTED
        case pb.TurnCompleted.OUTCOME_REFUSED:
            terminal.aside("hotseat: the model refused to answer")
            return 1
        case pb.TurnCompleted.OUTCOME_TOOL_CALLS:
            names = ", ".join(call.name for call in completed.tool_calls)
            terminal.aside(f"hotseat: the model called tools that this command can't run: {names}")
            return 1
    terminal.aside(f"hotseat: {explain(HotseatError.from_error(completed.error), dialogue.wish.target)}")
    return 1
