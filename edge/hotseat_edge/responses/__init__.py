"""The Responses API: HTTP to core and back. Pure."""
