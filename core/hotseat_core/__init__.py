"""The pool of claude workers behind a gRPC server."""
