"""What upstream was asked to convert, and is asked of ours."""

from attrs import frozen


@frozen(kw_only=True)
class Case:
    """A source of stand_ins.speech, and how it is converted."""

    is_main: bool
    """By RVC WebUI's branch main, which interpolates pitch, or 20240604, which does not."""
    seconds: float
    step_hz: float = 37.0
    semitones: int = 0
    index_rate: float = 0.0
    protect: float = 0.5
    volume_mix: float = 1.0
    every: int = 1
    """Of so many samples one is kept."""


CASES = {
    "plain": Case(is_main=False, seconds=2.0),
    "all_options": Case(is_main=False, seconds=2.0, semitones=3, index_rate=0.6, protect=0.2),
    "interpolated": Case(is_main=True, seconds=2.0, semitones=-5, index_rate=0.75),
    # whole multiples of 100 Hz: a sine that begins anew at a cut is one that goes on
    "long": Case(is_main=False, seconds=43.0, step_hz=100.0, index_rate=0.6, protect=0.2, every=29),
}
