"""A gRPC stream to the core on our own HTTP/2: a token wakes one loop, where grpc.aio wakes three threads."""
