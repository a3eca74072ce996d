from engine.files.nearest import nearest


def test_the_most_alike_come_first():
    names = ["anna/yes.wav", "anna/yesterday.wav", "ben/no.wav"]
    assert nearest("anna/yess.wav", names) == ["anna/yes.wav", "anna/yesterday.wav"]


def test_nothing_alike_is_nothing():
    assert nearest("xyz", ["anna/yes.wav"]) == []
    assert nearest("", ["a"]) == []
    assert nearest("a", []) == []


def test_one_is_found_among_many_that_are_gone_through_once():
    names = (f"speaker_{number % 97}/utterance_{number:06}.flac" for number in range(20_000))
    assert nearest("speaker_5/uterance_000005.flac", names)[0] == "speaker_5/utterance_000005.flac"
