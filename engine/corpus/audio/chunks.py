"""Where the samples of a file lie by its chunks, and what the bytes behind them are.

Sources: Microsoft's Multimedia Programming Interface 1.0 (RIFF), EBU Tech 3306 (RF64), Apple's AIFF
1.3 and Core Audio Format 1.0, Sony's Wave64, Sun's audio(5).
"""

import re
from typing import Literal

from attrs import evolve, frozen

from engine.corpus.audio.file_bytes import FileBytes
from engine.corpus.audio.openings import next_opening

_A_NAME = re.compile(rb"(?!RIFF|RIFX|RF64|FORM|riff|caff)[ -~]{4}")
_HARMLESS = re.compile(rb"ID3|TAG|APETAGEX|LYRICSBEGIN|LIST|id3 |bext|iXML|cue |smpl|JUNK|ANNO")
"""Tags, and chunks that may be cut without a loss of audio."""
_MOST_ODD = 1024
"""Bytes without a meaning that may follow samples, or a hundredth of theirs."""
_LONG = 8
_UNKNOWN_LONG = 1 << 62


@frozen(kw_only=True)
class _Form:
    """How a family of files writes its chunks: a name, a size, what it holds, padding."""

    first: int
    """Where the first chunk is."""
    data: bytes
    """The name of the chunk that holds the samples."""
    before: int = 0
    """Bytes that its size counts and that are no samples."""
    skipped: int = 0
    """Bytes between its size and the samples."""
    order: Literal["little", "big"] = "little"
    size_bytes: int = 4
    align: int = 2
    counts_head: bool = False
    """Whether a size counts the chunk's own name and size."""
    whole_size_at: int | None = None
    """Where the size of the whole file stands, and what it leaves out."""
    left_out: int = 0
    unknown: int = 0x7FFFF000
    """Who writes to a pipe cannot know a size, and puts this or more there."""

    def number(self, data: FileBytes, at: int, size_bytes: int = 0) -> int:
        return int.from_bytes(data[at : at + (size_bytes or self.size_bytes)], self.order)

    def aligned(self, at: int) -> int:
        return -(-at // self.align) * self.align

    def behind(self, data: FileBytes, at: int) -> int:
        """Where the chunk that begins at `at` ends, with its padding."""
        head = len(self.data) + self.size_bytes
        size = self.number(data, at + len(self.data))
        return self.aligned(at + max(head, size if self.counts_head else head + size))

    def is_chunk(self, data: FileBytes, at: int) -> bool:
        """Whether a whole chunk begins there, and no recording."""
        named = _A_NAME.match(data[at : at + 4]) and data[at : at + len(self.data)] != self.data
        return bool(named) and self.behind(data, at) <= self.aligned(len(data))

    def is_whole(self, data: FileBytes) -> bool:
        """Whether the file is as long as its outermost size says, but for a byte of padding."""
        at = self.whole_size_at
        return at is not None and abs(self.number(data, at) + self.left_out - len(data)) <= 1


_WAV = _Form(first=12, data=b"data", whole_size_at=4, left_out=8)
_FORMS = {
    b"RIFF": _WAV,
    b"RF64": _WAV,
    b"RIFX": evolve(_WAV, order="big"),
    b"FORM": evolve(_WAV, data=b"SSND", before=8, skipped=8, order="big", unknown=0x7F000000),
    b"caff": _Form(
        first=8,
        data=b"data",
        before=4,
        skipped=4,
        order="big",
        size_bytes=_LONG,
        align=1,
        unknown=_UNKNOWN_LONG,
    ),
    b"riff": _Form(
        first=40,
        data=b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a",
        before=24,
        size_bytes=_LONG,
        align=8,
        counts_head=True,
        whole_size_at=16,
        unknown=_UNKNOWN_LONG,
    ),
    b".snd": _Form(first=0, data=b"", order="big"),
}


@frozen(kw_only=True)
class Samples:
    """Where a file says that its samples are, and what its size says to that."""

    start: int
    """The first byte of the samples."""
    num_promised: int
    """Bytes of samples that the header promises."""
    num_there: int
    """Bytes from the first sample to the end of the file."""
    num_odd: int
    """Bytes behind the promised ones that are no chunk, no tag and no padding."""
    is_open: bool
    """Whether the writer did not know how much it would write, or never came to say it."""
    is_whole: bool
    """Whether the file is as long as its outermost size says."""
    is_followed: bool
    """Whether a second recording begins behind them."""
    true_size: tuple[int, bytes]
    """Where the size of the samples stands, and what should stand there."""

    @property
    def num_missing(self) -> int:
        """Bytes of samples that are promised and not there.

        None are missing where a size counts the header in, and the file is otherwise as long as it
        says.
        """
        missing = 0 if self.is_open else max(0, self.num_promised - self.num_there)
        return 0 if self.is_whole and missing <= self.start else missing

    @property
    def is_wrong(self) -> bool:
        """Whether no size is promised, and the samples end where the file does."""
        return self.is_open or (not self.num_missing and self.num_promised > self.num_there)

    @property
    def has_more(self) -> bool:
        """Whether more follows than rubbish may."""
        return not self.is_open and self.num_odd > max(_MOST_ODD, self.num_promised // 100)


@frozen
class _Place:
    """Where the size of the samples stands, in how many bytes, and where the samples begin."""

    size_at: int
    size_bytes: int
    start: int


def find_samples(data: FileBytes) -> Samples | None:
    """Where the samples are; None in a file of no family that says it. Raises OSError."""
    form = _FORMS.get(data[:4])
    place = _place(data, form) if form else None
    if form is None or place is None:
        return None
    is_long = place.size_bytes > form.size_bytes
    unknown, before = (_UNKNOWN_LONG, 0) if is_long else (form.unknown, form.before)
    size = form.number(data, place.size_at, place.size_bytes)
    promised, there = max(0, size - before), max(0, len(data) - place.start)
    end, is_followed = _end_of_chunks(data, min(place.start + promised, len(data)), form)
    num_odd = len(data) - end
    true_size = (there + before).to_bytes(place.size_bytes, form.order)
    return Samples(
        start=place.start,
        num_promised=promised,
        num_there=there,
        num_odd=num_odd,
        is_open=(size >= unknown and there < promised) or (not promised and num_odd > 0),
        is_whole=form.is_whole(data),
        is_followed=is_followed,
        true_size=(place.size_at, true_size),
    )


def _place(data: FileBytes, form: _Form) -> _Place | None:
    if not form.data:
        return _Place(8, form.size_bytes, form.number(data, 4))
    at, long_size_at = form.first, None
    while at + len(form.data) + form.size_bytes <= len(data):
        name, size_at = data[at : at + len(form.data)], at + len(form.data)
        start = size_at + form.size_bytes
        if name == form.data:
            if long_size_at and form.number(data, size_at) == 0xFFFFFFFF:
                return _Place(long_size_at, _LONG, start)
            return _Place(size_at, form.size_bytes, start + form.skipped)
        if name == b"ds64":  # the sizes of RF64: of the file, then of the samples
            long_size_at = start + _LONG
        at = form.behind(data, at)
    return None


def _end_of_chunks(data: FileBytes, at: int, form: _Form) -> tuple[int, bool]:
    """Where what has a meaning ends that lies behind the samples, and if a recording follows."""
    end = at
    for begin in dict.fromkeys((form.aligned(at), at)):  # some writers leave out the padding
        if form.data and form.is_chunk(data, begin):
            end = begin
            while form.is_chunk(data, end):
                end = form.behind(data, end)
            break
    for begin in (end, form.aligned(end)):
        if form.data and data[begin : begin + len(form.data)] == form.data:
            return end, True
    rest = data.behind_zeros(end)
    if rest >= len(data) or _HARMLESS.match(data[rest : rest + 16]):
        return len(data), False
    return end, next_opening(data, max(0, end - 1)) is not None
