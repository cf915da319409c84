"""The format of documents without a file name."""

import pytest

from topicml.corpus.sources.recognising import format_of

LOG = b"Nov 27 08:00:01 host sshd[1]: Failed, retrying\nNov 27 08:00:02 host sshd[1]: Failed, giving up\n" * 3


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"id,text\n1,a b\n2,c d\n", "csv"),
        (b'id;answer\n1;"a; b"\n2;"c\nd"\n', "csv"),
        (b"id\ttext\n1\ta b\n", "tsv"),
        (b'\xef\xbb\xbf{"text": "a"}\n{"text": "b"}\n', "jsonl"),
        (b'"just a quoted line"\nand another\n', "txt"),
        (b"[1, 2]\n", "txt"),
        (LOG, "txt"),  # as many commas in each line, but no names of columns
        (b"First line, second part.\nSecond line, with more.\n", "txt"),
        (b"Dear all, hello\nno comma here\nnor here\n", "txt"),
        (b"one line only, with a comma\n", "txt"),
        (b"12,13\n14,15\n", "txt"),
        ("a,b\n1,2\n".encode("utf-16"), "csv"),
        (b"PAR1....", "parquet"),
        (b"PK\x03\x04...", "xlsx"),
    ],
)
def test_formats_are_recognised_by_what_they_begin_with(head, expected):
    assert format_of(head) == expected
