"""Targets of ProdLDA, corpus by corpus: bounds from the peers, and whether ProdLDA reaches them."""

from dataclasses import dataclass

from topicml.models import model_names

OURS = "ProdLDA"
RIVAL = "TopMost ProdLDA"
COLLAPSED = 0.05  # NMI below which a fit has no information on the corpus

# Title of a target -> number of corpora on which it must hold (None: all). Without word order npmi_doc is c_npmi.
TARGETS = {
    "no collapse: NMI ≥ 0.8 of best peer's": None,
    "c_npmi > TopMost ProdLDA's": None,
    "c_v > TopMost ProdLDA's": None,
    "td25 > TopMost ProdLDA's": None,
    "NMI > TopMost ProdLDA's": None,
    "c_npmi ≥ best peer's": 3,
    "NMI ≥ best peer's": 4,
    "td25 ≥ 0.70": None,
}

Means = dict[str, dict[str, float]]  # model -> measure -> mean over seeds


@dataclass(frozen=True)
class Check:
    """A value and its bound on one corpus; `strictly` above it, or at or above it."""

    value: float
    bound: float
    strictly: bool = False

    @property
    def passes(self) -> bool:
        """Whether the value reaches the bound."""
        return self.value > self.bound if self.strictly else self.value >= self.bound


def checks(models: Means, earlier: dict) -> dict[str, Check]:
    """The checks of one corpus by the title of their target.

    Parameters
    ----------
    models
        Means of this benchmark, topicml's ProdLDA among them.
    earlier
        Earlier values of peers: ``earlier["best"]`` and ``earlier["topmost_prodlda"]``, measure -> value.
    """
    ours = models[OURS]
    coherence = "c_npmi" if "c_npmi" in ours else "npmi_doc"
    best = {measure: best_peer(models, earlier, measure) for measure in (coherence, "nmi")}
    rival = models.get(RIVAL, earlier.get("topmost_prodlda", {}))
    pairs = {
        "no collapse: NMI ≥ 0.8 of best peer's": ("nmi", best["nmi"] and 0.8 * best["nmi"]),
        "c_npmi > TopMost ProdLDA's": (coherence, rival.get(coherence)),
        "c_v > TopMost ProdLDA's": ("c_v", rival.get("c_v")),
        "td25 > TopMost ProdLDA's": ("td25", rival.get("td25")),
        "NMI > TopMost ProdLDA's": ("nmi", rival.get("nmi")),
        "c_npmi ≥ best peer's": (coherence, best[coherence]),
        "NMI ≥ best peer's": ("nmi", best["nmi"]),
        "td25 ≥ 0.70": ("td25", 0.70),
    }
    return {
        title: Check(ours[measure], bound, strictly=">" in title)
        for title, (measure, bound) in pairs.items()
        if measure in ours and bound is not None
    }


def is_peer(model: str) -> bool:
    """Whether a model is from another project: names of topicml's models begin with their class."""
    return model.replace(",", " ").split()[0] not in model_names()


def best_peer(models: Means, earlier: dict, measure: str) -> float | None:
    """The highest value of a measure among peers, now or earlier; collapsed fits are left out."""
    peers = [means for name, means in models.items() if is_peer(name) and means.get("nmi", 1.0) >= COLLAPSED]
    values = [means[measure] for means in peers if measure in means]
    values += [earlier["best"][measure]] if measure in earlier.get("best", {}) else []
    return max(values, default=None)


def verdict(title: str, passed: list[bool]) -> str:
    """Say whether enough corpora pass."""
    needed = TARGETS[title] if TARGETS[title] is not None else len(passed)
    enough_run = passed and len(passed) >= needed
    word = ("pass" if sum(passed) >= needed else "FAIL") if enough_run else "open"
    return f"{word}: {sum(passed)} of {len(passed)}, {needed} needed"
