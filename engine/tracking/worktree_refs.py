"""Refs of one git worktree, each a commit that holds a few files of a project.

`refs/<name>` is one for all worktrees of a repository. So it is a symbolic ref to
`refs/worktree/<name>`, which git, and libgit2 by which DVC finds a revision, keep apart for each
worktree. In a project in a sub-folder of its repository the files lie below that folder's path, as
DVC looks for them; what another project of the repository has in the same ref stays there.

Git's plumbing writes all refs in one process, without touching a branch, the index, a tag or the
working tree, and nothing pushes or clones them. A commit has no parent, no author's name and no
date of its own: same content, same commit.
"""

import hashlib
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from attrs import frozen

from engine.programs import git

Content = Mapping[str, bytes]
"""Files by their paths in the project's folder."""

_DIGEST = "results.sha256"
"""A file of a ref that shows whether the others are the same."""
_HERE = "refs/worktree/"
_COMMITTER = "committer cantus <cantus@localhost> 0 +0000\n"
_MESSAGE = b"Results of one recipe, for DVC to compare"


@frozen
class WorktreeRefs:
    """The refs in which the project at `root` keeps results."""

    root: Path
    prefix: str
    """The project's folder in its worktree, with a final slash; empty at the top."""
    git_folder: Path
    """git's folder of this worktree."""

    @classmethod
    def of(cls, root: Path) -> "WorktreeRefs":
        """The refs of a project. Raises UserError with git's message where git refuses it."""
        prefix, folder = git(root, "rev-parse", "--show-prefix", "--absolute-git-dir").split("\n")
        return cls(root, prefix, Path(folder))

    def digests(self) -> dict[str, str]:
        """The digest of the project's files in each of the refs that hold some."""
        listed = git(self.root, "for-each-ref", "--format=%(refname) %(symref)", "refs/*", _HERE)
        found = {line.partition(" ")[0] for line in listed.splitlines() if " " in line}
        linked = {line.partition(" ")[2] for line in listed.splitlines()}
        refs = [ref for ref in sorted(found & linked) if ref.startswith(_HERE)]
        asked = "".join(f"{ref}:{self.prefix}{_DIGEST}\n" for ref in refs)
        answers = git(self.root, "cat-file", "--batch", stdin=os.fsencode(asked)) if refs else ""
        lines = iter(answers.splitlines())
        held = [None if next(lines).endswith(" missing") else next(lines) for _ in refs]
        return {
            ref.removeprefix(_HERE): digest
            for ref, digest in zip(refs, held, strict=True)
            if digest is not None
        }

    def files(self, name: str) -> dict[str, bytes]:
        """The project's files in a ref, by their paths in the project's folder."""
        ref = f"{_HERE}{name}"
        listed = git(self.root, "ls-tree", "-r", "-z", "--name-only", ref).split("\0")
        paths = [path for path in listed if path and path != _DIGEST]
        asked = "".join(f"{ref}:{self.prefix}{path}\n" for path in paths)
        answer = os.fsencode(git(self.root, "cat-file", "--batch", stdin=os.fsencode(asked)))
        found, start = {}, 0
        for path in paths:
            head, _, _ = answer[start:].partition(b"\n")
            begin, size = start + len(head) + 1, int(head.rpartition(b" ")[2])
            found[path] = answer[begin : begin + size].ljust(size, b"\n")  # `git` strips the end
            start = begin + size + 1
        return found

    def write(self, contents: Mapping[str, Content]) -> None:
        """Replace the project's files in refs by these."""
        trees = self._trees(contents) if self.prefix else {}
        stream = b"".join(
            part
            for name, content in contents.items()
            for part in self._commit(name, content, trees.get(f"{_HERE}{name}"))
        )
        quiet = ("-c", "fastimport.unpackLimit=10000", "fast-import", "--quiet", "--force")
        git(self.root, *quiet, stdin=stream)
        for name in contents:
            git(self.root, "symbolic-ref", f"refs/{name}", f"{_HERE}{name}")

    def delete(self, names: Collection[str]) -> None:
        """Remove the project's files from refs; a ref without any files is deleted."""
        kept: dict[str, Content] = {name: {} for name in names if self._has_others(name)}
        if kept:
            self.write(kept)
        for name in set(names) - set(kept):
            git(self.root, "update-ref", "-d", f"{_HERE}{name}")
            if not self._has_worktrees():
                git(self.root, "symbolic-ref", "--delete", f"refs/{name}")

    def _trees(self, names: Iterable[str]) -> dict[str, str]:
        refs = [f"{_HERE}{name}" for name in names]
        listed = git(self.root, "for-each-ref", "--format=%(refname) %(tree)", *refs)
        return dict(line.split(" ", 1) for line in listed.splitlines())

    def _has_others(self, name: str) -> bool:
        """Whether another project of the repository has files in the ref."""
        if not self.prefix:
            return False
        inside = git(
            self.root, "ls-tree", "-r", "--full-tree", "--name-only", "-z", f"{_HERE}{name}"
        )
        return any(not path.startswith(self.prefix) for path in inside.split("\0") if path)

    def _has_worktrees(self) -> bool:
        common = Path(git(self.root, "rev-parse", "--path-format=absolute", "--git-common-dir"))
        return any((common / "worktrees").glob("*"))

    def _commit(self, name: str, content: Content, tree: str | None) -> Iterator[bytes]:
        """Commands for `git fast-import` on one ref, whose present content is `tree`."""
        yield f"commit {_HERE}{name}\n{_COMMITTER}".encode() + _data(_MESSAGE)
        if tree is not None:
            yield f'M 040000 {tree} ""\n'.encode() + b"D " + _path(self.prefix[:-1]) + b"\n"
        signed = {**content, _DIGEST: digest_of(content).encode()} if content else {}
        for path, data in sorted(signed.items()):
            yield b"M 100644 inline " + _path(self.prefix + path) + b"\n" + _data(data)


def digest_of(content: Content) -> str:
    """SHA-256 over the paths and bytes of files, in hexadecimal digits."""
    digest = hashlib.sha256()
    for path, data in sorted(content.items()):
        digest.update(f"{path}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()


def _data(content: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(content), content)


def _path(path: str) -> bytes:
    quoted = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return b'"' + os.fsencode(quoted) + b'"'
