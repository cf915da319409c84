"""Draw the pictures of the method pages: ``python docs/pictures.py`` (needs matplotlib; a minute).

All but the scheme of set contrast are computed by the package: toy objectives through `topicml.pareto`, and short fits
of gensim's Lee corpus.
"""

from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

import topicml
from topicml.nn.batch import Batch
from topicml.objectives.views import WordDropout
from topicml.pareto import Balance, MinNorm
from topicml.starting import Start
from topicml.starting.spectral import association

IMAGES = Path(__file__).parent / "images"
# Okabe & Ito's colours, which colour-blind readers can distinguish.
BLUE, ORANGE, GREEN, RED, BLACK = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#222222"
plt.rcParams |= {
    "svg.hashsalt": "topicml",  # the same picture, the same file
    "svg.fonttype": "none",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def save(figure: Figure, name: str) -> None:
    """Write one picture."""
    figure.savefig(IMAGES / f"{name}.svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
    plt.close(figure)


# -- two toy objectives ---------------------------------------------------------------------------------------------

CENTRES = (torch.tensor([-1.0, 0.0]), torch.tensor([1.0, 0.4]))
SCALES = (20.0, 1.0)  # the first objective is much the steeper, like an ELBO compared with a contrast


def toy(point: torch.Tensor) -> dict[str, torch.Tensor]:
    """Two quadratic bowls with different centres and scales."""
    return {
        name: scale * ((point - centre) * torch.tensor([1.0, stretch])).square().sum()
        for name, scale, centre, stretch in zip(("steep", "flat"), SCALES, CENTRES, (2.0, 1.0), strict=True)
    }


def path_of(balance: Balance, steps: int = 300, length: float = 0.02) -> np.ndarray:
    """Points of a descent in steps of equal length, each against the gradient that the balance sets."""
    point = torch.tensor([0.2, 1.5], requires_grad=True)
    points = [point.detach().clone()]
    for _ in range(steps):
        record = balance.backward(toy(point), [point])
        gradient = point.grad
        if gradient is None or record["stationarity"] < 0.02 or gradient.norm() < 1e-6:
            break
        with torch.no_grad():
            point -= length * gradient / gradient.norm()
        points.append(point.detach().clone())
    return torch.stack(points).numpy()


def draw_min_norm(axes: Axes) -> None:
    """Two gradients, the combinations between them, and the shortest of these."""
    gradients = torch.tensor([[3.0, 0.6], [-0.5, 1.6]])
    weights = MinNorm()(gradients @ gradients.T)
    shortest = (weights @ gradients).numpy()
    for gradient, name, colour in zip(gradients.numpy(), ("first", "second"), (BLUE, ORANGE), strict=True):
        axes.annotate("", gradient, (0, 0), arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 2})
        axes.annotate(f"{name} gradient", gradient, (4, 6), textcoords="offset points", color=colour)
    axes.plot(*gradients.numpy().T, color="grey", ls="--", lw=1)
    axes.annotate("", shortest, (0, 0), arrowprops={"arrowstyle": "-|>", "color": GREEN, "lw": 3})
    axes.annotate(
        f"shortest combination\nweights {weights[0]:.2f} and {weights[1]:.2f}",
        shortest,
        (-22, -58),
        textcoords="offset points",
        color=GREEN,
    )
    axes.set(xlim=(-1.2, 4.4), ylim=(-1.0, 2.2), aspect="equal", title="Min-norm point of two gradients")
    axes.set_xlabel("first parameter")
    axes.set_ylabel("second parameter")


def draw_paths(axes: Axes) -> None:
    """The paths of the balances on the toy objectives."""
    grid = np.stack(np.meshgrid(np.linspace(-1.6, 1.6, 120), np.linspace(-0.4, 1.7, 90)), axis=-1)
    for centre, stretch, colour in zip(CENTRES, (2.0, 1.0), (BLUE, ORANGE), strict=True):
        heights = np.square((grid - centre.numpy()) * np.array([1.0, stretch])).sum(axis=-1)
        axes.contour(grid[..., 0], grid[..., 1], heights, levels=[0.1, 0.5, 1.2, 2.4], colors=colour, linewidths=0.6)
        axes.plot(*centre.numpy(), "x", color=colour)
    balances = (
        ("plain sum", Balance("sum"), "-", RED),
        ("min-norm, raw gradients", Balance(normalize="none", at="parameters"), "--", BLACK),
        ("pareto: unit gradients, r = 0.1", Balance(at="parameters"), "-", GREEN),
    )
    for name, balance, line, colour in balances:
        path = path_of(balance)
        axes.plot(*path.T, line, color=colour, lw=2, label=name)
        axes.plot(*path[-1], "o", color=colour)
    axes.set(title="Descent on two bowls, one 20 times as steep", aspect="equal")
    axes.set_xlabel("first parameter")
    axes.set_ylabel("second parameter")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), frameon=False, ncols=1)


def min_norm() -> None:
    """The picture of the min-norm point and of descents."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2))
    draw_min_norm(left)
    draw_paths(right)
    save(figure, "min-norm")


def preference() -> None:
    """How much of the second gradient is used, by the angle between the two; measured of `Balance`."""
    figure, axes = plt.subplots(figsize=(6.5, 3.6))
    cosines = np.linspace(-0.95, 0.95, 77)
    for ratio, colour in zip((0.1, 0.2, 0.3, 0.5, 1.0), (BLACK, GREEN, BLUE, ORANGE, RED), strict=True):
        shares = [_share(cosine, ratio) for cosine in cosines]
        axes.plot(cosines, shares, color=colour, lw=2, label=f"r = {ratio:g}")
    axes.set(xlabel="cosine of the two gradients", ylabel="second for one of the first", ylim=(-0.03, 1.25))
    axes.set_title("How much of the contrast's unit gradient is in a step")
    axes.legend(frameon=False)
    save(figure, "preference")


def _share(cosine: float, ratio: float) -> float:
    first, second = torch.tensor([1.0, 0.0]), torch.tensor([float(cosine), float(np.sqrt(1 - cosine**2))])
    point = torch.zeros(2, requires_grad=True)
    losses = {"first": point @ first, "second": point @ second}
    record = Balance(preference=ratio, at="parameters").backward(losses, [point])
    return record["weight_second"] / max(record["weight_first"], 1e-12)


# -- fits of the Lee corpus -----------------------------------------------------------------------------------------


def balance_of_a_fit(corpus: topicml.Corpus) -> None:
    """Weights, cosine and stationarity gap over the epochs of a fit."""
    model = topicml.ProdLDA(n_topics=10, contrast="set", random_state=0).fit(corpus)
    epochs = [record["epoch"] for record in model.history_]
    figure, axes = plt.subplots(1, 3, figsize=(11, 3))
    names = [name for name in model.history_[-1] if name.startswith("weight_")]
    for name, colour in zip(names, (BLUE, ORANGE), strict=False):
        axes[0].plot(epochs, [r[name] for r in model.history_], color=colour, label=name.removeprefix("weight_"))
    axes[0].set(yscale="log", title="Weights of the gradients", xlabel="epoch")
    axes[0].legend(frameon=False)
    axes[1].plot(epochs, [r["cosine"] for r in model.history_], color=GREEN)
    axes[1].axhline(0, color="grey", lw=0.8)
    axes[1].set(title="Cosine of the two gradients", xlabel="epoch")
    axes[2].plot(epochs, [r["stationarity"] for r in model.history_], color=BLACK)
    axes[2].set(title="Gap to Pareto stationarity", xlabel="epoch", yscale="log")
    figure.tight_layout()
    save(figure, "balance-of-a-fit")


def sets_are_recognised(corpus: topicml.Corpus) -> None:
    """Cosines of sets with their own view and with other sets, by the size of sets."""
    model = topicml.ProdLDA(n_topics=10, random_state=0).fit(corpus)
    torch.manual_seed(0)
    counts = corpus.counts.astype(np.float32)
    batch = Batch.from_counts(counts, np.flatnonzero(np.diff(corpus.counts.indptr) > 0))
    network = model.network_
    with torch.no_grad():
        posterior = network.encode(batch)
        (view,) = WordDropout(0.5)(batch, posterior, network)
        theta, other = posterior.theta_mean, network.encode(view).theta_mean
    figure, axes = plt.subplots(1, 3, figsize=(11, 2.9), sharey=True)
    for each, size in zip(axes, (1, 4, 8), strict=True):
        own, rival = _cosines(theta, other, size)
        bins = np.linspace(0, 1, 26)
        each.hist(rival, bins, density=True, color=ORANGE, alpha=0.8, label="another set's view")
        each.hist(own, bins, density=True, color=BLUE, alpha=0.7, label="its own view")
        each.set(title="single documents" if size == 1 else f"sets of {size}", xlabel="cosine of pooled theta")
    axes[0].set_ylabel("density")
    axes[0].legend(frameon=False)
    figure.tight_layout()
    save(figure, "sets-are-recognised")


def _cosines(theta: torch.Tensor, other: torch.Tensor, size: int) -> tuple[np.ndarray, np.ndarray]:
    members = torch.randperm(len(theta))[: len(theta) // size * size].reshape(-1, size)
    first, second = (torch.nn.functional.normalize(each[members].mean(dim=1), dim=-1) for each in (theta, other))
    cosines = (first @ second.T).numpy()
    apart = ~np.eye(len(cosines), dtype=bool)
    return cosines.diagonal(), cosines[apart]


def starting_topics(corpus: topicml.Corpus) -> None:
    """The graph of words that the topics start from, words of a topic side by side."""
    model = topicml.ProdLDA(n_topics=10, random_state=0).fit(corpus)
    topics = [words for k, words in enumerate(model.topics(8)) if k in (0, 1, 5, 7, 9)]
    index = {word: i for i, word in enumerate(corpus.vocabulary)}
    words = list(dict.fromkeys(word for topic in topics for word in topic))
    graph = association(corpus.counts, np.array([index[word] for word in words]), Start(frequency_power=0.0)).toarray()
    figure, axes = plt.subplots(figsize=(7.5, 7))
    image = axes.imshow(graph, cmap="Blues", vmin=0)
    axes.set_xticks(range(len(words)), words, rotation=90, fontsize=7)
    axes.set_yticks(range(len(words)), words, fontsize=7)
    axes.set_title("Words that occur together more than chance would have it")
    figure.colorbar(image, label="association", shrink=0.7)
    save(figure, "starting-topics")


# -- a scheme -------------------------------------------------------------------------------------------------------


def scheme_of_sets() -> None:
    """A batch that is split into sets; each set is pooled and identified among the others by its view."""
    figure, axes = plt.subplots(figsize=(9.5, 3.6))
    axes.set(xlim=(-0.3, 19), ylim=(0.8, 6.8))
    axes.axis("off")
    for row, (name, base) in enumerate((("documents", 4.6), ("their views", 1.4))):
        axes.text(0, base + 1.55, name, weight="bold")
        for k, colour in enumerate((BLUE, ORANGE, GREEN)):
            axes.add_patch(FancyBboxPatch((k * 3.4, base), 2.7, 1.1, boxstyle="round,pad=0.1", fc="none", ec=colour))
            for j in range(4):
                rectangle = plt.Rectangle((k * 3.4 + 0.1 + j * 0.65, base + 0.1), 0.5, 0.9, color=colour)
                rectangle.set_alpha(1.0 if row == 0 else 0.45)
                axes.add_patch(rectangle)
    for base, text in ((4.6, "anchors"), (1.4, "positives")):
        axes.annotate("", (12.2, base + 0.55), (10.1, base + 0.55), arrowprops={"arrowstyle": "-|>", "color": BLACK})
        axes.text(11.1, base + 0.75, "pool", ha="center")
        for k, colour in enumerate((BLUE, ORANGE, GREEN)):
            axes.plot(12.9 + k * 1.3, base + 0.55, "o", ms=15, color=colour, alpha=1.0 if base > 4 else 0.45)
        axes.text(16.6, base + 0.4, text)
    axes.annotate("", (12.9, 2.5), (12.9, 4.6), arrowprops={"arrowstyle": "<|-|>", "color": BLUE, "lw": 2})
    axes.text(12.7, 3.4, "pull", color=BLUE, ha="right")
    for k in (1, 2):
        axes.annotate("", (12.9 + k * 1.3, 2.5), (12.9, 4.6), arrowprops={"arrowstyle": "-", "color": RED, "ls": "--"})
    axes.text(15.6, 3.4, "push", color=RED)
    save(figure, "sets")


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    lee = topicml.Corpus.read("lee")
    scheme_of_sets()
    min_norm()
    preference()
    balance_of_a_fit(lee)
    sets_are_recognised(lee)
    starting_topics(lee)
