"""Every message and enum of hotseat.v1 in one namespace."""

# ruff: noqa: F403  # all that the generated modules define, nothing else
from hotseat.v1.client_message_pb2 import *
from hotseat.v1.content_pb2 import *
from hotseat.v1.conversation_pb2 import *
from hotseat.v1.conversation_service_pb2 import *
from hotseat.v1.error_pb2 import *
from hotseat.v1.key_pb2 import *
from hotseat.v1.key_service_pb2 import *
from hotseat.v1.login_service_pb2 import *
from hotseat.v1.pool_service_pb2 import *
from hotseat.v1.server_event_pb2 import *
