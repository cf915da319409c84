"""HTML of models in notebooks: the topics of a fitted model, scikit-learn's parameter diagram of an unfitted one."""

from typing import Any

from topicml.display import html_table

_TOPICS = 50  # topics shown
_WORDS = 10


class ShownInNotebooks:
    """Mixin that displays fitted models in Jupyter; list it before scikit-learn's `BaseEstimator`.

    ``sklearn.set_config(display="text")`` turns HTML off, as for any estimator. In a `Pipeline`, scikit-learn draws the
    diagram.
    """

    @property
    def _repr_html_(self) -> Any:
        diagram = super()._repr_html_  # type: ignore[misc] # raises AttributeError if HTML is off
        return (lambda: fitted_html(self)) if hasattr(self, "components_") else diagram

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        bundle: dict[str, str] = super()._repr_mimebundle_(**options)  # type: ignore[misc]
        if "text/html" in bundle and hasattr(self, "components_"):
            bundle["text/html"] = fitted_html(self)
        return bundle


def fitted_html(model: Any) -> str:
    """Format the topics, the last losses and the diagnostics of a fitted model as a small HTML table."""
    topics = model.topics(min(_WORDS, model.n_features_in_))
    rows = [(k, " ".join(words)) for k, words in enumerate(topics[:_TOPICS])]
    notes = [f"{len(topics):,} topics over {model.n_features_in_:,} words; {model.n_iter_:,} epochs"]
    if len(topics) > _TOPICS:
        notes.append(f"The first {_TOPICS} are shown; topics() returns all.")
    if last := _last(model.history_):
        notes.append(f"Last epoch: {last}")
    signs = model.diagnostics_
    parts = [f"Information of topics and documents: {signs.information:.3g} nats"]
    if signs.dead:
        parts.append(f"{len(signs.dead)} lead no document")
    if signs.duplicates:
        parts.append(f"{len(signs.duplicates)} pairs are nearly the same")
    notes.append("; ".join(parts))
    if model.outside_knowledge_ is not None:
        notes.append(f"† Knows more than its documents: {model.outside_knowledge_}")
    title = " ".join(repr(model).split())  # scikit-learn breaks long calls into lines
    return html_table(("topic", "words"), rows, title=title, notes=notes)


def _last(history: list[dict[str, Any]]) -> str:
    """The first losses of the last epoch, means over documents."""
    skipped = ("epoch", "seconds", "learning_rate", "documents_per_second", "skipped")
    last = history[-1] if history else {}
    losses = [f"{name} {value:.4g}" for name, value in last.items() if name not in skipped and isinstance(value, float)]
    return ", ".join(losses[:6])
