"""A full disk: it is told apart from other failures, and it leaves neither half a line nor a lock behind."""

import errno
import os
import subprocess
import sys

import pytest

from harness.errors import RunFolderError
from harness.execute import main
from harness.exits import Exit
from harness.runs import RunLock, holder
from harness.runs.space import append_whole, no_space

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def chained(inner):
    try:
        try:
            raise inner
        except OSError as error:
            raise RunFolderError("a record must fit", "not") from error
    except RunFolderError as outer:
        return outer


@pytest.mark.parametrize(
    "error, full",
    [
        (FULL, True),
        (OSError(errno.EDQUOT, "quota"), True),
        (chained(FULL), True),
        (RuntimeError("(sqlite3.OperationalError) database or disk is full"), True),
        (OSError(errno.EACCES, "denied"), False),
        (chained(OSError(errno.EIO, "broken")), False),
    ],
)
def test_a_full_disk_is_told_from_other_errors(error, full, tmp_path):
    assert no_space(error, tmp_path) is full


def test_an_error_about_a_folder_that_is_not_there_is_no_full_disk(tmp_path):
    assert not no_space(ValueError("x"), tmp_path / "none")
    assert main([str(tmp_path / "none")]) == Exit.FAILED


def test_a_line_that_fits_only_in_part_is_taken_back(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"first\n")
    write = os.write
    handle = os.open(path, os.O_RDWR | os.O_APPEND)
    monkeypatch.setattr(os, "write", lambda handle, line: write(handle, line[:3]))
    with pytest.raises(OSError, match="3 of 7 bytes") as caught:
        append_whole(handle, b"second\n")
    assert caught.value.errno == errno.ENOSPC and path.read_bytes() == b"first\n"
    os.close(handle)


def test_a_lock_whose_text_does_not_fit_is_not_held(tmp_path, monkeypatch):
    def full(*_):
        raise FULL

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        with pytest.raises(OSError, match="No space"):
            RunLock(tmp_path).acquire()
    assert holder(tmp_path) is None
    with RunLock(tmp_path):
        assert holder(tmp_path) is not None


def test_an_exit_code_does_not_need_room_for_the_message(tmp_path):
    code = (
        "import errno, sys; from harness import execute\n"
        "def run(folder): raise OSError(errno.ENOSPC, 'no room')\n"
        "execute.run = run; sys.exit(execute.main([sys.argv[1]]))"
    )
    with open("/dev/full", "wb") as full:
        done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], stderr=full)
    assert done.returncode == Exit.NO_SPACE
