from engine.terminal.file_progress import file_progress


def test_without_a_terminal_nothing_is_printed(capfd):
    with file_progress("copying") as progress:
        progress(1, 2)
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")
