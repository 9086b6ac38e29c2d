"""Small git repositories that stand for a checkout."""

import subprocess


def git(root, *arguments):
    command = ["git", "-c", "user.name=n", "-c", "user.email=n@e", "-c", "protocol.file.allow=always", "-C", str(root)]
    subprocess.run([*command, *arguments], check=True, capture_output=True)


def write(root, files):
    """Writes name -> text below `root`."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def commit(root):
    """Makes `root` a repository with one commit of all that is not ignored."""
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
