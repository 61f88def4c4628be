"""What keeps metrics from being served."""


class CannotServeMetricsError(Exception):
    """The address can't be bound; the text is one line for the operator."""
