"""What the core counts, for Prometheus: docs/metrics.md names and explains all of it."""
