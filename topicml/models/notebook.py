"""How a model shows itself in a notebook: fitted, its topics; before, scikit-learn's diagram of its parameters."""

from typing import Any

from topicml.display import html_table

_TOPICS = 50  # topics shown
_WORDS = 10


class ShownInNotebooks:
    """What Jupyter asks of a model; stands before scikit-learn's `BaseEstimator` among the bases.

    ``sklearn.set_config(display="text")`` leaves HTML out, as for any estimator; in a `Pipeline`, scikit-learn draws.
    """

    @property
    def _repr_html_(self) -> Any:
        diagram = super()._repr_html_  # type: ignore[misc] # raises AttributeError where HTML is not wanted
        return (lambda: fitted_html(self)) if hasattr(self, "components_") else diagram

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        bundle: dict[str, str] = super()._repr_mimebundle_(**options)  # type: ignore[misc]
        if "text/html" in bundle and hasattr(self, "components_"):
            bundle["text/html"] = fitted_html(self)
        return bundle


def fitted_html(model: Any) -> str:
    """Topics of a fitted model and how the fit went, as a small HTML table."""
    topics = model.topics(min(_WORDS, model.n_features_in_))
    rows = [(k, " ".join(words)) for k, words in enumerate(topics[:_TOPICS])]
    notes = [f"{len(topics):,} topics over {model.n_features_in_:,} words; {model.n_iter_:,} epochs"]
    if len(topics) > _TOPICS:
        notes.append(f"The first {_TOPICS} are shown; topics() gives all.")
    if last := _last(model.history_):
        notes.append(f"Last epoch: {last}")
    found = model.diagnostics_
    ill = [f"{len(found.dead)} lead no document"] * bool(found.dead)
    ill += [f"{len(found.duplicates)} pairs are alike"] * bool(found.duplicates)
    notes.append(f"Information of topics and documents: {found.information:.3g} nats{_joined(ill)}")
    return html_table(("topic", "words"), rows, title=_called(model), notes=notes)


def _last(history: list[dict[str, Any]]) -> str:
    """Losses of the last epoch, which are means over documents."""
    skipped = ("epoch", "seconds", "learning_rate", "documents_per_second", "skipped")
    last = history[-1] if history else {}
    told = [f"{name} {value:.4g}" for name, value in last.items() if name not in skipped and isinstance(value, float)]
    return ", ".join(told[:6])


def _joined(parts: list[str]) -> str:
    return f"; {', '.join(parts)}" if parts else ""


def _called(model: Any) -> str:
    return " ".join(repr(model).split())  # scikit-learn breaks long calls into lines
