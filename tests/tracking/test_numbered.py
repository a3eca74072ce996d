from engine.tracking.numbered import is_numbered, numbered_tables

METRICS = {
    "eval/mel": 1.0,
    "eval/quantizers_2/mel": 3.0,
    "eval/quantizers_10/mel": 2.0,
    "eval/quantizers_2/kbps": 1.5,
    "eval/codebook_1/usage": None,
    "train/quantizers_1/mel": 9.0,
}


def test_a_metric_of_an_evaluation_with_a_number_in_its_group_is_numbered():
    numbered = [name for name in METRICS if is_numbered(name)]
    assert numbered == [n for n in METRICS if n.startswith(("eval/quantizers", "eval/codebook"))]
    assert not is_numbered("eval/top_5")


def test_each_group_is_a_table_in_the_order_of_its_numbers():
    assert numbered_tables(METRICS) == {
        "quantizers": [
            {"quantizers": 2, "mel": 3.0, "kbps": 1.5},
            {"quantizers": 10, "mel": 2.0},
        ],
        "codebook": [{"codebook": 1, "usage": None}],
    }
