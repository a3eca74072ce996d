import pytest

from engine.files.safe_names import file_name, table_cell


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("yes", "yes"),
        ("../../x", "______x"),
        ("a/b\\c", "a_b_c"),
        ("\0", "_"),
        ("", "_"),
        ("-rf", "rf"),
        ("$\\frac{", "__frac_"),
        ("a\nb", "a_b"),
        ("\u202ex", "_x"),
        ("name\udcff", "name_"),
        ("#?%&", "____"),
        ("తెలుగు", "తెలుగు"),
        ("x" * 300, "x" * 60),
    ],
)
def test_file_names_lead_nowhere(text, name):
    assert file_name(text) == name
    assert len(f"01_{file_name(chr(0x1F1E6) + text)}".encode()) < 255


@pytest.mark.parametrize("text", ["=cmd()", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(text):
    assert table_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", [None, "", "a=b", "one-two", "'", "é"])
def test_other_cells_stay(text):
    assert table_cell(text) == text
