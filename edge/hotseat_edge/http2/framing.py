"""HTTP/2 itself, which is h2's, as calls to the core want it."""

from h2.config import H2Configuration
from h2.connection import ConnectionInputs, H2Connection, H2ConnectionStateMachine
from h2.events import Event
from h2.settings import SettingCodes, Settings

WINDOW_BYTES = 256 * 1024  # of a call, that the core may send ahead of who reads
CONNECTION_WINDOW_BYTES = 16 * 2**20  # of all together: enough that none stands in another's way

# What is sent is heads' alone, lower-case and in its order.
_CONFIG = H2Configuration(client_side=True, validate_outbound_headers=False, normalize_outbound_headers=False)
_OURS = {
    SettingCodes.ENABLE_PUSH: 0,
    SettingCodes.INITIAL_WINDOW_SIZE: WINDOW_BYTES,
    SettingCodes.MAX_HEADER_LIST_SIZE: H2Connection.DEFAULT_MAX_HEADER_LIST_SIZE,
}


class _States(H2ConnectionStateMachine):
    """Those in which GOAWAY leaves the streams be, as RFC 9113 (6.8) has it: to h2, it ends them all."""

    def process_input(self, input_: ConnectionInputs) -> list[Event]:
        """Take a step."""
        return [] if input_ is ConnectionInputs.RECV_GOAWAY else super().process_input(input_)


class Framing(H2Connection):
    """The client's side of a connection; its greeting is the first that there is to send."""

    def __init__(self) -> None:
        super().__init__(_CONFIG)
        self.state_machine = _States()
        self.local_settings = Settings(client=True, initial_values=_OURS)
        self.initiate_connection()
        self.increment_flow_control_window(CONNECTION_WINDOW_BYTES - self.inbound_flow_control_window)

    def clear_outbound_data_buffer(self) -> None:
        """Keep what is to be sent: h2 throws it away at GOAWAY, before which a PING may have come."""

    def is_open(self, stream: int) -> bool:
        """Something may still be sent on it. The state is that after all events that were not looked at yet."""
        found = self.streams.get(stream)
        return found is not None and not found.closed

    def room(self, stream: int) -> int:
        """Bytes that may be sent on an open stream at once."""
        return min(self.local_flow_control_window(stream), self.max_outbound_frame_size)
