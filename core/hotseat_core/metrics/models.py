"""Names of models as labels, of which there are not more than somebody can look at."""

_MOST = 32  # a gateway may call its models anything
_OTHER = "other"
_DEFAULT = "default"


class ModelLabels:
    """Gives the first models names of their own."""

    def __init__(self) -> None:
        self._named: set[str] = set()

    def of(self, model: str) -> str:
        """Return the label of a model; empty: none was asked for, or none answered."""
        if len(self._named) < _MOST:
            self._named.add(model)
        return (model or _DEFAULT) if model in self._named else _OTHER
