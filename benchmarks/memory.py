"""What a piece of work takes in memory on the CPU, by torch's own account of its allocations."""

from collections.abc import Callable
from itertools import accumulate

from torch.profiler import ProfilerActivity, profile

_EVENT = "[memory]"


def most_allocated(work: Callable[[], object]) -> int:
    """The most bytes that tensors held at once in `work`, above what they held before.

    Memory that torch's allocator does not hand out is not counted, such as that of libraries.
    """
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        work()
    found = seen.profiler.kineto_results.events()
    events = [event for event in found if event.name() == _EVENT]
    events.sort(key=lambda event: event.start_ns())
    return max(0, *accumulate(int(event.nbytes()) for event in events))
