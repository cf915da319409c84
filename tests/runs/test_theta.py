"""Files of topic proportions."""

import numpy as np
import pytest

from topicml.runs import theta


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_topic_proportions_are_read_in_parts_and_cannot_be_written_to(tmp_path, monkeypatch, kind):
    values = np.random.default_rng(0).dirichlet(np.ones(3), 500).astype(kind)
    theta.write_theta(tmp_path / "theta.parquet", values)
    monkeypatch.setattr(theta, "_READ", 64)
    read = theta.read_theta(tmp_path / "theta.parquet", 500, 3)
    np.testing.assert_array_equal(read, values)
    assert read.dtype == kind and not read.flags.writeable
    assert theta.read_theta(tmp_path / "theta.parquet", 499, 3) is None
    assert theta.read_theta(tmp_path / "theta.parquet", 500, 4) is None
    assert theta.read_theta(tmp_path / "other.parquet", 500, 3) is None
    (tmp_path / "theta.parquet").write_bytes(b"damaged")
    assert theta.read_theta(tmp_path / "theta.parquet", 500, 3) is None
