from engine.terminal.byte_progress import byte_progress


def test_without_a_terminal_nothing_is_printed(capfd):
    with byte_progress() as bar:
        move = bar("model.pth")
        move(1, None)
        move(2, 2)
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")
