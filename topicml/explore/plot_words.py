"""Plots of the words of topics."""

from typing import TYPE_CHECKING, Any

import numpy as np

from topicml.errors import MissingExtraError
from topicml.explore.figures import finished, graph_objects, style
from topicml.explore.words import top_words

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from topicml.explore.view import TopicView

_UNITS = {
    "probability": "probability of the word in the topic",
    "frex": "FREX (0 to 1)",
    "relevance": "relevance (nats)",
    "lift": "lift (probability in topic / in documents)",
    "score": "score (nats, weighted by probability)",
}


def plot_topic(
    view: "TopicView", topic: int, n: int = 10, by: str = "probability", *, template: str = "light", **options: Any
) -> "Figure":
    """The first words of a topic as bars, the best on top; `by` and `options` as in `top_words`."""
    objects = graph_objects()
    label = view.labels[view.topic(topic)]
    table = top_words(view.show(topic), n, by, **options)
    table = table[table["topic"] == topic]
    figure = objects.Figure(
        objects.Bar(x=table["weight"], y=table["word"], orientation="h", marker_color=style(0)["color"])
    )
    figure.update_yaxes(autorange="reversed", type="category")
    told = ", ".join(f"{word} {weight:.3g}" for word, weight in zip(table["word"], table["weight"], strict=True))
    return finished(figure, f"Words of topic {label}", f"{told}.", template, _UNITS[by], "word")


def plot_term_rank(view: "TopicView", n: int = 50, *, template: str = "light") -> "Figure":
    """Probability of the word at each rank, a line a topic, logarithmic."""
    objects = graph_objects()
    figure = objects.Figure()
    n = min(n, len(view.vocabulary))
    labels = view.labels
    for number, k in enumerate(view.shown):
        figure.add_trace(
            objects.Scatter(
                x=np.arange(1, n + 1),
                y=-np.sort(-view.beta[k])[:n],
                name=labels[k],
                mode="lines",
                line={"color": style(number)["color"], "dash": style(number)["dash"]},
            )
        )
    figure.update_yaxes(type="log", exponentformat="power")
    first = view.beta[view.shown].max(axis=1)
    told = f"{len(first)} topics; the first word's probability runs from {first.min():.3g} to {first.max():.3g}."
    return finished(
        figure, "Probability of words by rank", told, template, "rank of the word (1 is first)", "probability"
    )


def plot_word_cloud(view: "TopicView", topic: int, n: int = 50, *, seed: int = 0, template: str = "light") -> "Figure":
    """A topic's words, larger the more probable; needs the package wordcloud. Bars (`plot_topic`) are read better.

    Raises
    ------
    MissingExtraError
        If wordcloud or plotly is not installed.
    """
    objects = graph_objects()
    try:
        from wordcloud import WordCloud
    except ImportError as error:
        raise MissingExtraError("A word cloud needs wordcloud. Install it with: pip install wordcloud") from error
    words = view.show_topic(topic, n)
    dark = template == "dark"
    cloud = WordCloud(
        width=800, height=400, random_state=seed, background_color="#111111" if dark else "white", colormap="cividis"
    ).generate_from_frequencies({word: p for word, p in words if p > 0})
    figure = objects.Figure(objects.Image(z=cloud.to_array(), hoverinfo="skip"))
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    told = ", ".join(f"{word} {p:.3g}" for word, p in words[:10])
    return finished(figure, f"Words of topic {view.labels[topic]}", f"Most probable: {told}.", template)
