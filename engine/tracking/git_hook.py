"""A git hook that refreshes the recipes' refs when git changes results.

`git checkout`, `git restore`, `git reset --hard`, `git stash`, `git merge` and the like put other
files into metrics/ and plots/ without running Cantus. All of them write git's index, after which
git runs `post-index-change`; so does `git status`, for which the hook reads two folders.
DVC's own hooks (`dvc install`) have other names.
"""

import sys
from contextlib import suppress
from pathlib import Path
from shlex import quote

from engine.files.atomic import write_atomically
from engine.programs import git
from engine.tracking.worktree_refs import WorktreeRefs

_HOOK = "post-index-change"
_MARK = "# Written by Cantus; delete this line to keep a file of your own."
_STAMP = "cantus/{prefix}looked"
"""A file in a worktree's git folder, as new as the last refresh of a project's results."""

_TEXT = f"""\
#!/bin/sh
{_MARK}
# Where git changes metrics/ or plots/, what `dvc metrics diff RECIPE RECIPE` compares follows.
# The same by hand: cantus refs
top=$PWD
own=$(git rev-parse --absolute-git-dir)
python={{python}}
follow() {{{{
    cd "$top/$1" 2>/dev/null && [ -f params.toml ] && [ -d recipes ] || return 0
    looked="$own/cantus/$1looked"
    if [ -e "$looked" ]; then
        [ -n "$(find . -prune -newer "$looked")" ] ||
            [ -n "$(find metrics plots -newer "$looked" 2>/dev/null)" ] || return 0
    else
        [ -d metrics ] || return 0
    fi
    "$python" -P -m engine refs --quiet ||
        echo "cantus: dvc metrics diff may show old figures: run 'cantus refs'" >&2
}}}}
{{projects}}
exit 0
"""


def note_look(refs: WorktreeRefs) -> None:
    """Record the time of a refresh, so that the hook finds newer results."""
    stamp = refs.git_folder / _STAMP.format(prefix=refs.prefix)
    with suppress(OSError):  # a read-only checkout does not change either
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_bytes(b"")


def follow_git(refs: WorktreeRefs) -> Path | None:
    """Let git run the hook for the project as well; return the hook's file.

    None, and nothing is written, where git has another hook of that name, or another folder of
    hooks.
    """
    asked = ("--path-format=absolute", "--git-path", f"hooks/{_HOOK}", "--git-common-dir")
    hook, common = map(Path, git(refs.root, "rev-parse", *asked).splitlines())
    if common not in hook.parents:
        return None
    before = hook.read_text(encoding="utf-8") if hook.is_file() else _MARK
    if _MARK not in before:
        return None
    line = f"follow {quote(refs.prefix)}"
    projects = {one for one in before.splitlines() if one.startswith("follow ")} | {line}
    text = _TEXT.format(python=quote(sys.executable), projects="\n".join(sorted(projects)))
    if text != before:
        write_atomically(hook, text)  # git may be running the old one
        hook.chmod(0o755)
    return hook
