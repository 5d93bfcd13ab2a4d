from __future__ import annotations

from itertools import pairwise

import pytest

from services.domain.tokens import tokens_bound


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("buy", 1),
        ("holds", 2),  # hol ds
        ("2025", 4),  # each digit
        ("10.05", 5),
        ("a b", 2),  # the space goes with the word
        ("a 1", 3),  # before a digit it is its own
        ("a\n", 2),
        ("|,", 2),
        ("买入", 4),  # two for each sign outside ASCII
    ],
)
def test_a_text_counts_as_the_dearest_tokenizer_seen_counts_it(text: str, tokens: int):
    assert tokens_bound(text) == tokens


def test_a_longer_text_never_counts_less():
    text = "600000.SH | 浦发银行 | 10.05 trades\n- buy"

    counts = [tokens_bound(text[:end]) for end in range(len(text) + 1)]

    assert all(later >= earlier - 1 for earlier, later in pairwise(counts))
    assert counts[-1] > counts[len(counts) // 2]
