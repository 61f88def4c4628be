"""One `claude` process, driven over its stream-json control protocol."""
