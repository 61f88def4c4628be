"""A gRPC stream to the core on asyncio and h2: a token wakes one loop, where grpc.aio wakes three threads."""
