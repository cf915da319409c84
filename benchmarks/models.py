"""The models that the benchmarks compare: a name, a title for tables, and where its adapter is."""

import subprocess
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Model:
    """One row of the tables.

    Attributes
    ----------
    title
        What tables call it.
    function
        ``module:function`` of this folder.
    packages
        What must be installed where it runs; their versions are written down.
    peer
        Whether it is another project's, and runs in the peers' interpreter.
    """

    title: str
    function: str
    packages: tuple[str, ...]
    peer: bool = True

    def interpreter(self, peer_python: str) -> str:
        """Return the interpreter that runs it."""
        return peer_python if self.peer else sys.executable


OUR_PACKAGES = ("torch", "pyro-ppl", "scikit-learn")
TOPMOST = ("topmost", "torch")

MODELS = {
    "prodlda": Model("**topicml ProdLDA**", "ours:prodlda", OUR_PACKAGES, peer=False),
    "etm": Model("**topicml ETM**", "ours:etm", OUR_PACKAGES, peer=False),
    "ecrtm": Model("**topicml ECRTM**", "ours:ecrtm", OUR_PACKAGES, peer=False),
    "lda2vec": Model("**topicml LDA2Vec**", "ours:lda2vec", OUR_PACKAGES, peer=False),
    "tsctm": Model("**topicml TSCTM**", "ours:tsctm", OUR_PACKAGES, peer=False),
    "prodlda_set": Model("**topicml ProdLDA, set contrast**", "ours:prodlda_set", OUR_PACKAGES, peer=False),
    "tsctm_set": Model("**topicml TSCTM, set contrast**", "ours:tsctm_set", OUR_PACKAGES, peer=False),
    "topmost_prodlda": Model("TopMost ProdLDA", "peers.topmost_models:prodlda", TOPMOST),
    "topmost_tsctm": Model("TopMost TSCTM", "peers.topmost_models:tsctm", TOPMOST),
    "topmost_etm": Model("TopMost ETM", "peers.topmost_models:etm", TOPMOST),
    "topmost_ecrtm": Model("TopMost ECRTM", "peers.topmost_models:ecrtm", TOPMOST),
    "tomotopy_lda": Model("tomotopy LDA", "peers.tomotopy_lda:fit", ("tomotopy",)),
    "gensim_lda": Model("gensim LDA", "peers.gensim_lda:fit", ("gensim",)),
    "sklearn_nmf": Model("scikit-learn NMF", "peers.sklearn_nmf:fit", ("scikit-learn",)),
}


def usable_models(names: list[str], peer_python: str) -> list[str]:
    """Return the models whose packages are installed; say what is left out, and why."""
    usable = []
    for name in names:
        model = MODELS[name]
        if missing := missing_packages(model, model.interpreter(peer_python)):
            print(f"left out: {name} ({', '.join(missing)} not installed; see benchmarks/README.md)", file=sys.stderr)
        else:
            usable.append(name)
    return usable


def missing_packages(model: Model, python: str) -> list[str]:
    """Return the packages of `model` that are not installed in the interpreter `python`."""
    ask = "from importlib.metadata import distributions as d; print(*{x.name.lower() for x in d()})"
    installed = set(subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True).stdout.split())
    return [package for package in model.packages if package.lower() not in installed]
