"""Run the tests of `test_peers.py` with the packages of the peers' environment added to topicml's.

    .venv/bin/python tests/integrations/with_peers.py .peers

What both environments have is this one's; both must have the same Python.
"""

import sys
import sysconfig
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


def main(environment: str, *options: str) -> int:
    """Run the tests with pytest's options; return its exit status."""
    packages = sysconfig.get_path("purelib", vars={"base": environment})
    if not Path(packages).is_dir():
        print(f"{packages} is not there: make the peers' environment first (benchmarks/requirements.txt).")
        return 2
    sys.path += [packages, str(HERE.parents[1] / "benchmarks")]
    import peers.topmost_models

    with peers.topmost_models.torchvision_stand_in():
        import fastopic  # noqa: F401
    return int(pytest.main(["-p", "no:cacheprovider", "-rs", str(HERE / "test_peers.py"), *options]))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
