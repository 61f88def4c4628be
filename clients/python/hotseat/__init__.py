"""Talk to Hotseat over gRPC."""
