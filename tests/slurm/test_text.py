"""The text of a job, executed by a real bash: what is accepted arrives byte for byte, the rest is refused by rule.

`srun` and `module` are functions that write their arguments down. Every hostile piece tries to leave a file behind
in the working folder, which must stay empty.
"""

from __future__ import annotations

import os
import random
import string
import subprocess
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from submitit.core.utils import JobPaths

from harness.config.launch_file import load_launch
from harness.config.resources import ResourcesConfig
from harness.errors import ConfigError
from harness.exits import Exit
from slurm.text import JobText, render

CASES = 1000
PIECES = [
    *("'", '"', "\\", "`touch canary`", "$(touch canary)", "${HOME}", "$IFS", "; touch canary;", "&& touch canary "),
    *("| tee canary ", "> canary", "#", "#SBATCH --gres=gpu:9", "\\'", '\\"', "\\n", "!", "!!", "*", "?", "[a-z]", "~"),
    *("{a,b}", "<(touch canary)", "-x", "--wrap=touch canary", "=", ",", "(", ")", "&", "é", "漢字", "🙂", "\u00a0"),
    *(" ", "  ", "a", "run", "t0001-s1", "A9", ".", "..", "_", "-", "EOF", "<<EOF", "$'\\x41'", "\\\\", "''", '""'),
]
REFUSED_PIECES = [
    "%j",
    "%",
    "\n",
    "\n#SBATCH --wckey=x\n",
    "\t",
    "\r",
    "\0",
    "\x1b[31m",
    "\x7f",
    "\u2028",
    "\x85",
    "\udcff",
]
STUBS = r"""
srun() { printf '%s\0' "$@" >"$RECORD/srun"; printf '%s\0' "$PYTHONPATH" "${HOSTILE-}" >"$RECORD/env"; return "$CODE"; }
module() { printf '%s\0' "$@" >>"$RECORD/module"; [ "$2" != missing ]; }
"""


LAUNCH = load_launch(["launcher=slurm"])


def resources(**changes: object) -> ResourcesConfig:
    return replace(LAUNCH.resources, **changes)


def hostile(draw: random.Random) -> str:
    """A text of a few pieces; about one in three has a piece that nothing may carry."""
    pieces = [draw.choice(PIECES) for _ in range(draw.randint(1, 6))]
    if draw.random() < 1 / 3:
        pieces.insert(draw.randint(0, len(pieces)), draw.choice(REFUSED_PIECES))
    return "".join(pieces)


def carried(text: str, *without: str) -> bool:
    """The rule once more, from Unicode's categories and not from the code under test."""
    kinds = {unicodedata.category(character) for character in text}
    return not kinds & {"Cc", "Cs", "Zl", "Zp"} and not any(piece in text for piece in without)


def job(root: Path, **changes: object) -> JobText:
    paths = {"folder": str(root / "slurm"), "snapshot": str(root / "code"), "python": str(root / "bin" / "python")}
    return JobText(**{"token": "ec-demo-t0001-s1-0123abcd", "resources": resources(), **paths, **changes})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Bash:
    """A bash with the stubs, in an empty working folder."""

    root: Path

    def run(self, text: str, code: int = 0) -> subprocess.CompletedProcess[bytes]:
        script = self.root / "job.sh"
        script.write_text(text)
        for old in self.record.iterdir():
            old.unlink()
        environment = {
            **{key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "HOSTILE")},
            **{"BASH_ENV": str(self.root / "stubs.sh"), "RECORD": str(self.record), "CODE": str(code)},
            **{"SLURM_JOB_ID": "4711", "LC_ALL": "C.UTF-8"},
        }
        done = subprocess.run(["bash", str(script)], cwd=self.root / "cwd", env=environment, capture_output=True)
        assert list((self.root / "cwd").iterdir()) == [], text
        return done

    @property
    def record(self) -> Path:
        return self.root / "record"

    def recorded(self, name: str) -> list[str]:
        path = self.record / name
        return path.read_bytes().decode().split("\0")[:-1] if path.exists() else []


@pytest.fixture
def bash(tmp_path: Path) -> Bash:
    for name in ("cwd", "record", "slurm"):
        (tmp_path / name).mkdir()
    (tmp_path / "stubs.sh").write_text(STUBS)
    return Bash(tmp_path)


def test_a_thousand_hostile_paths_and_values_arrive_unchanged_or_are_refused(bash: Bash) -> None:
    draw = random.Random(20261125)
    accepted = 0
    for number in range(CASES):
        folder, snapshot, python = (f"{bash.root}/{number}/{kind}{hostile(draw)}" for kind in "fsp")
        value = hostile(draw)
        fine = all(carried(path, "%") for path in (folder, snapshot, python)) and ":" not in snapshot and carried(value)
        made = dict(folder=folder, snapshot=snapshot, python=python, exports={"HOSTILE": value})
        if not fine:
            with pytest.raises(ConfigError, match=r"must have no|pattern"):
                job(bash.root, **made)
            continue
        accepted += 1
        Path(folder).mkdir(parents=True, exist_ok=True)
        text = render(job(bash.root, **made))
        done = bash.run(text)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b""), text
        assert bash.recorded("srun")[2:] == [python, "-u", "-m", "submitit.core._submit", folder]
        assert bash.recorded("env") == [snapshot, value]
        assert header(text) == header(render(job(bash.root)))
    assert 150 < accepted < CASES - 150


def header(text: str) -> list[str]:
    """The lines before the shell part, all of which are comments to bash."""
    lines = text.split("\n")
    comments = lines[: lines.index("")]
    assert comments[0] == "#!/bin/bash" and all(line.startswith("#SBATCH --") for line in comments[1:])
    return comments


@pytest.mark.parametrize(
    ("field", "alphabet"),
    [
        *((name, "_.,:@/-") for name in ("partition", "account", "qos", "reservation")),
        ("exclude", "_.,:@/-[]"),
        ("constraint", "_.,:@/-&|*[]()"),
        ("gpu_type", "_.-"),
        ("token", "_.-"),
    ],
)
def test_names_in_options_keep_to_their_alphabet(field: str, alphabet: str, tmp_path: Path) -> None:
    draw = random.Random(field)
    plain = [*string.ascii_letters, *string.digits, *alphabet]
    allowed = set(plain)
    accepted = 0
    for _ in range(CASES):
        value = "n" + (hostile(draw) if draw.random() < 0.7 else "".join(draw.choices(plain, k=draw.randint(1, 20))))
        if not set(value) <= allowed:
            with pytest.raises(ConfigError, match=r"must consist of|a job's name must be"):
                named(field, value, tmp_path)
            continue
        accepted += 1
        options = [line.removeprefix("#SBATCH --") for line in header(render(named(field, value, tmp_path)))]
        option = {"gpu_type": f"gres=gpu:{value}:2", "token": f"job-name={value}"}.get(field, f"{field}={value}")
        assert options.count(option) == 1
    assert 100 < accepted < CASES - 100


def named(field: str, value: str, root: Path) -> JobText:
    return (
        job(root, token=value)
        if field == "token"
        else job(root, resources=resources(gpus_per_node=2, **{field: value}))
    )


def test_the_options_of_a_whole_node() -> None:
    launch = load_launch(["launcher=slurm", "resources=h100x8", "site=example", "resources.requeue=false"])
    assert header(render(JobText("ec-1", launch.resources, "/f", "/s", "/p"))) == [
        "#!/bin/bash",
        *(
            f"#SBATCH --{option}"
            for option in (
                *("job-name=ec-1", "output=/dev/null", "error=/dev/null", "nodes=1", "ntasks=1", "cpus-per-task=64"),
                *("mem=983040M", "time=1440", "gres=gpu:h100:8", "partition=gpu", "account=mylab", "qos=normal"),
                *("signal=USR2@900", "open-mode=append", "no-requeue", "export=ALL"),
            )
        ),
    ]


def test_srun_is_told_the_cpus_which_it_does_not_inherit(bash: Bash) -> None:
    bash.run(render(job(bash.root, resources=resources(cpus_per_task=7))))
    assert bash.recorded("srun")[:2] == ["--unbuffered", "--cpus-per-task=7"]


def test_the_output_goes_where_submitit_looks_for_it_and_a_second_start_appends(bash: Bash) -> None:
    text = render(job(bash.root, resources=resources(setup=("echo said", "echo wrong >&2"))))
    bash.run(text)
    bash.run(text)
    paths = JobPaths(bash.root / "slurm", "4711", 0)
    assert (paths.stdout.read_text(), paths.stderr.read_text()) == ("said\nsaid\n", "wrong\nwrong\n")


@pytest.mark.parametrize("code", [0, 3, 5, 143])
@pytest.mark.parametrize("setup", [(), ("true",)])
def test_the_exit_code_is_that_of_srun(code: int, setup: tuple[str, ...], bash: Bash) -> None:
    assert bash.run(render(job(bash.root, resources=resources(setup=setup))), code).returncode == code


def test_the_interpreter_of_the_resources_comes_before_that_of_the_sweep(bash: Bash) -> None:
    bash.run(render(job(bash.root, resources=resources(python="/opt/my env/in container"))))
    assert bash.recorded("srun")[2] == "/opt/my env/in container"
    with pytest.raises(ConfigError, match="the interpreter of a job must have no control characters and no '%'"):
        job(bash.root, resources=resources(python="/opt/%j"))


def test_modules_come_before_setup_and_both_before_the_run(bash: Bash) -> None:
    setup = ('[ -s "$RECORD/module" ] && export PYTHONPATH="/their/own dir"', 'export HOSTILE="it\'s set"')
    text = render(job(bash.root, resources=resources(modules=("cuda/13.0", "gcc/12+x"), setup=setup)))
    assert bash.run(text).returncode == 0
    assert bash.recorded("module") == ["load", "cuda/13.0", "load", "gcc/12+x"]
    assert bash.recorded("env") == [f"{bash.root}/code:/their/own dir", "it's set"]  # the snapshot stays first


@pytest.mark.parametrize(
    "asked",
    [
        {"modules": ("missing",)},
        {"setup": ("false",)},
        {"setup": ("source /no/such/file",)},
        {"setup": ("no-command",)},
    ],
)
def test_a_module_or_setup_line_that_fails_ends_the_job_before_the_run(asked: dict[str, object], bash: Bash) -> None:
    done = bash.run(render(job(bash.root, resources=resources(**asked))))
    assert done.returncode == Exit.NO_ENVIRONMENT and bash.recorded("srun") == []
    assert "could not be set up: line" in (bash.root / "slurm" / "4711_0_log.err").read_text()


def test_setup_may_use_what_activation_scripts_use(bash: Bash) -> None:
    lenient = ('echo "$NOT_SET"', "f() { false; true; }; f", "if false; then", "  exit 1", "fi", "false || true")
    assert bash.run(render(job(bash.root, resources=resources(setup=lenient)))).returncode == 0
    assert bash.recorded("srun")


@pytest.mark.parametrize(
    ("changes", "phrases"),
    [
        ({"folder": "slurm"}, ["the folder of a job must be an absolute path", "'slurm'", "Make it absolute"]),
        ({"python": "-c"}, ["the interpreter of a job must be an absolute path", "'-c'"]),
        ({"snapshot": "/a:b"}, ["no ':' in its path", "'/a:b'", "another folder"]),
        ({"folder": "/a%j"}, ["the folder of a job must have no control characters and no '%'", "'/a%j'", "another"]),
        ({"token": "n" * 201}, ["at most 200 letters", "'nnn", "Replace"]),
        ({"token": "-n"}, ["begin with none of . -", "'-n'"]),
        ({"exports": {"A B": "x"}}, ["a variable of a job must have a name of letters", "'A B'"]),
        ({"exports": {"PYTHONPATH": "x"}}, ["not be PYTHONPATH", "'PYTHONPATH'", "leave it out"]),
        ({"exports": {"A": "x\ny"}}, ["must have no control characters", "A='x\\ny'", "Remove"]),
    ],
)
def test_a_refusal_says_rule_value_and_remedy(changes: dict[str, object], phrases: list[str], tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        job(tmp_path, **changes)
    assert [phrase for phrase in phrases if phrase not in str(refusal.value)] == []


@pytest.mark.parametrize("name", ["WANDB_API_KEY", "HF_TOKEN", "DB_PASSWORD", "aws_secret", "CREDENTIALS"])
def test_a_secret_is_refused_and_not_repeated(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no secret") as exported:
        job(tmp_path, exports={name: "hunter2"})
    with pytest.raises(ConfigError, match="not hold a secret") as typed:
        resources(setup=(f"export {name}='hunter2'",))
    assert "hunter2" not in f"{exported.value}{typed.value}"
    resources(setup=(f'export {name}="$(cat ~/.secret)"',))
    job(tmp_path, exports={"TOKENIZERS_PARALLELISM": "false"})
