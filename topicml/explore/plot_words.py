"""Plots of the words of topics."""

from typing import TYPE_CHECKING, Any

import numpy as np

from topicml.errors import MissingExtraError
from topicml.explore.base import BaseView
from topicml.explore.figures import finished, graph_objects, style
from topicml.explore.words import probable_words, word_table

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_UNITS = {
    "probability": "probability of the word in the topic",
    "frex": "FREX (0 to 1)",
    "relevance": "relevance (nats)",
    "lift": "lift (probability in topic / in documents)",
    "score": "score (nats, weighted by probability)",
}


def plot_topic(
    view: BaseView, topic: int, n: int = 10, by: str = "probability", *, template: str = "light", **options: Any
) -> "Figure":
    """The first words of a topic as bars, the best on top.

    Parameters
    ----------
    view : TopicView
        The topics.
    topic : int
        The topic; it may be hidden.
    n : int
        Number of words.
    by : {"probability", "frex", "relevance", "lift", "score"}
        Weight of the words.
    template : {"light", "dark"}
        Colours of the background and text.
    **options
        `weight` and `lambda_`, as in `top_words`.

    Returns
    -------
    figure : plotly.graph_objects.Figure

    Raises
    ------
    InputError
        As `top_words`; if the topic does not exist or `template` is unknown.
    MissingExtraError
        If plotly or pandas is not installed.
    """
    objects = graph_objects()
    label = view.numbered_labels[view.topic(topic)]
    table = word_table(view, [topic], n, by, **options)
    figure = objects.Figure(
        objects.Bar(x=table["weight"], y=table["word"], orientation="h", marker_color=style(0)["color"])
    )
    figure.update_yaxes(autorange="reversed", type="category")
    description = ", ".join(f"{word} {weight:.3g}" for word, weight in zip(table["word"], table["weight"], strict=True))
    return finished(figure, f"Words of topic {label}", f"{description}.", template, _UNITS[by], "word")


def plot_term_rank(view: BaseView, n: int = 50, *, template: str = "light") -> "Figure":
    """Probability of the word at each rank, one line for each shown topic, on a logarithmic axis.

    Parameters
    ----------
    view : TopicView
        The topics.
    n : int
        Number of ranks.
    template : {"light", "dark"}
        Colours of the background and text.

    Returns
    -------
    figure : plotly.graph_objects.Figure

    Raises
    ------
    InputError
        If `template` is unknown.
    MissingExtraError
        If plotly is not installed.
    """
    objects = graph_objects()
    figure = objects.Figure()
    n = min(n, len(view.vocabulary))
    labels = view.numbered_labels
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
    largest = view.beta[view.shown].max(axis=1)
    description = (
        f"{len(largest)} topics; the probability of the first word is {largest.min():.3g} to {largest.max():.3g}."
    )
    return finished(
        figure, "Probability of words by rank", description, template, "rank of the word (1 is first)", "probability"
    )


def plot_word_cloud(view: BaseView, topic: int, n: int = 50, *, seed: int = 0, template: str = "light") -> "Figure":
    """Words of a topic, larger the more probable. Bars (`plot_topic`) are easier to read.

    Parameters
    ----------
    view : TopicView
        The topics.
    topic : int
        The topic.
    n : int
        Number of words at most.
    seed : int
        Seed of the layout.
    template : {"light", "dark"}
        Colours of the background and text.

    Returns
    -------
    figure : plotly.graph_objects.Figure

    Raises
    ------
    InputError
        If the topic does not exist or `template` is unknown.
    MissingExtraError
        If wordcloud or plotly is not installed.
    """
    objects = graph_objects()
    try:
        from wordcloud import WordCloud
    except ImportError as error:
        raise MissingExtraError("A word cloud needs wordcloud. Install it with: pip install wordcloud") from error
    words = probable_words(view, topic, n)
    dark = template == "dark"
    cloud = WordCloud(
        width=800, height=400, random_state=seed, background_color="#111111" if dark else "white", colormap="cividis"
    ).generate_from_frequencies({word: p for word, p in words if p > 0})
    figure = objects.Figure(objects.Image(z=cloud.to_array(), hoverinfo="skip"))
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    description = ", ".join(f"{word} {p:.3g}" for word, p in words[:10])
    return finished(figure, f"Words of topic {view.numbered_labels[topic]}", f"Most probable: {description}.", template)
