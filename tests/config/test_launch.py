"""Launch settings: what they are by default, what is refused and how, and a user's own folder of sites."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.config import RunConfig, resolve
from harness.config.fit import check_fit, gpus_needed
from harness.config.launch import LAUNCH_KEYS, LaunchConfig, split
from harness.config.launch_file import VARIABLE, load_launch
from harness.errors import ConfigError

# overrides, separated by two spaces | phrases of the refusal: rule, value, remedy
HOSTILE: list[tuple[str, list[str]]] = [
    # names and keys
    ("resourcs.nodes=1", ["launch settings must be known ones", "'resourcs'", "Did you mean 'resources'?", "poll_s"]),
    ("seed=1", ["launch settings must be known ones", "'seed'", "Valid: ask_above_gpu_hours, driver"]),
    ("resources.gpus=1", ["keys of resources", "'gpus'", "Valid: account, constraint, cpus_per_task"]),
    ("resources.walltime_h=1", ["keys of resources", "Did you mean 'walltime_min'?"]),
    ("retry.oom_retries=1", ["keys of retry", "'oom_retries'", "cancelled_retries"]),
    ("resources=a100", ["group 'resources'", "'a100'", "Valid: cpu, h100x1, h100x8"]),
    ("site=here", ["group 'site'", "'here'", "Valid: example, none"]),
    ("site.partition=gpu", ["a site sets keys of resources", "site.partition=gpu", "`# @package resources`"]),
    ("retry=null", ["group 'retry'", "'None'", "Valid: default"]),
    ("~resources.mem_gb", ["resources.mem_gb must be given", "nothing", "Set resources.mem_gb=VALUE"]),
    ("~driver", ["driver must be given", "nothing", "Set driver"]),
    ("resources.partition=a,b", ["one value per key", "'resources.partition=a,b'", "quote it: 'key=\"a,b\"'"]),
    ("resources.exclude=gpu[1-2]", ["must read KEY=VALUE", "'resources.exclude=gpu[1-2]'", "Quote a value"]),
    # types
    ("resources.requeue=1", ["resources.requeue must be true or false", "1 (int)", "Set resources.requeue to true"]),
    ("resources.partition=7", ["resources.partition must be a text or null", "7 (int)"]),
    ("resources.mem_gb=1.5", ["resources.mem_gb must be a whole number", "1.5 (float)"]),
    ("resources.modules=cuda", ["resources.modules must be a list of texts", "'cuda' (str)"]),
    ("resources.setup=[1]", ["resources.setup[0] must be a text", "1 (int)"]),
    ("poll_s=often", ["poll_s must be a number or null", "'often' (str)", "Set poll_s to"]),
    ("max_jobs=2.0", ["max_jobs must be a whole number or null", "2.0 (float)"]),
    # ranges and choices
    ("launcher=pbs", ["launcher must be one of local, slurm", "'pbs'", "Set e.g. launcher=local"]),
    ("driver=there", ["driver must be one of here, slurm", "'there'", "Set e.g. driver=here"]),
    ("driver_resources.gpus=1", ["keys of driver_resources", "'gpus'", "Valid: account, constraint"]),
    ("driver_resources.mem_gb=0", ["driver_resources.mem_gb must be a whole number >= 1", "got 0"]),
    ("driver_resources.partition='a b'", ["driver_resources.partition must consist of letters", "'a b'", "cpu"]),
    (
        "driver_resources.walltime_min=2",
        ["must be longer than driver_resources.signal_before_end_s", "2 min (120 s), 120 s", "walltime_min=12"],
    ),
    ("driver_resources=big", ["group 'driver_resources'", "'big'", "Valid: default"]),
    ("resources.nodes=2", ["resources.nodes must be 1: one node per run", "got 2", "resources.nodes=1"]),
    ("resources.gpus_per_node=-1", ["resources.gpus_per_node must be a whole number >= 0", "got -1"]),
    ("resources.cpus_per_task=0", ["resources.cpus_per_task must be a whole number >= 1", "got 0"]),
    ("resources.mem_gb=0", ["resources.mem_gb must be a whole number >= 1", "got 0"]),
    ("resources.signal_before_end_s=0", ["must be a whole number from 1 to 65535", "got 0"]),
    ("resources.signal_before_end_s=70000", ["must be a whole number from 1 to 65535", "got 70000"]),
    ("retry.killed_retries=-1", ["retry.killed_retries must be a whole number >= 0", "got -1"]),
    ("retry.backoff_s=inf", ["retry.backoff_s must be a finite number >= 0", "got inf"]),
    ("stalled_attempts=0", ["stalled_attempts must be a whole number >= 1", "got 0", "stalled_attempts=5"]),
    ("ask_above_gpu_hours=-1", ["ask_above_gpu_hours must be a finite number >= 0", "got -1.0"]),
    ("poll_s=0", ["poll_s must be a finite number > 0", "got 0.0", "poll_s=5"]),
    ("max_jobs=0", ["max_jobs must be a whole number >= 1", "got 0"]),
    # texts that reach a line of #SBATCH or of the shell
    (
        "resources.partition='a b'",
        ["resources.partition must consist of letters, digits and _ . , : @", "'a b'", "gpu"],
    ),
    ("resources.partition=''", ["resources.partition must consist of", "got ''"]),
    ('resources.account="a#b"', ["resources.account must consist of", "'a#b'", "resources.account=mylab"]),
    ('resources.qos="a\n#SBATCH --gres=gpu:9"', ["resources.qos must consist of", "'a\\n#SBATCH --gres=gpu:9'"]),
    ('resources.constraint="a;b"', ["resources.constraint must consist of", "& | * [ ] ( )", "'a;b'", "ib&nvme"]),
    ('resources.exclude="n1\\\\n2"', ["resources.exclude must consist of", "[ ]", "gpu[1-2]"]),
    ('resources.reservation="$(id)"', ["resources.reservation must consist of", "'$(id)'"]),
    ("resources.gpus_per_node=1  resources.gpu_type='h100:4'", ["resources.gpu_type must consist of", "'h100:4'"]),
    ("resources.python=python", ["resources.python must consist of the path of an interpreter", "'python'"]),
    ("resources.modules=['a b']", ["resources.modules must list names of environment modules", "'a b'", "cuda/13.0"]),
    ("resources.modules=['--force']", ["resources.modules must list names", "'--force'"]),
    ('resources.setup=["a\nb"]', ["resources.setup must list lines of shell", "control characters", "'a\\nb'"]),
    ("resources.setup=['#SBATCH --qos=x']", ["none of them an #SBATCH line", "'#SBATCH --qos=x'", "source env.sh"]),
    ("resources.setup=['HF_TOKEN=abc']", ["must not hold a secret", "a value for HF_TOKEN", "HF_TOKEN=$(cat FILE)"]),
    # between settings
    (
        "resources.walltime_min=2  resources.signal_before_end_s=120",
        ["must be longer than resources.signal_before_end_s", "2 min (120 s), 120 s", "Set resources.walltime_min=12"],
    ),
    ("resources.gpu_type=h100", ["resources.gpu_type needs GPUs", "gpus_per_node 0", "Set resources.gpus_per_node=1"]),
    (
        "retry.backoff_s=9  retry.backoff_max_s=3",
        ["at least retry.backoff_s", "backoff_max_s 3, backoff_s 9", "retry.backoff_max_s=9"],
    ),
    ("launcher=local  driver=slurm", ["driver=slurm needs launcher=slurm", "launcher=local", "or driver=here"]),
    (
        "launcher=local  resources=h100x8",
        ["resources is a setting of Slurm jobs", "'resources=h100x8' with launcher=local", "Set launcher=slurm"],
    ),
    ("launcher=local  site=example", ["site is a setting of Slurm jobs", "'site=example' with launcher=local"]),
    ("launcher=local  max_jobs=3", ["max_jobs is a setting of Slurm jobs", "'max_jobs=3' with launcher=local"]),
]


@pytest.mark.parametrize(("overrides", "phrases"), HOSTILE, ids=[row[0] for row in HOSTILE])
def test_hostile_launch_settings(overrides: str, phrases: list[str]) -> None:
    with pytest.raises(ConfigError) as refusal:
        load_launch(["launcher=slurm", *overrides.split("  ")])
    missing = [phrase for phrase in phrases if phrase not in str(refusal.value)]
    assert missing == [], str(refusal.value)


def test_a_secret_of_a_setup_line_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as refusal:
        load_launch(["launcher=slurm", "resources.setup=['export WANDB_API_KEY=hunter2']"])
    assert "hunter2" not in str(refusal.value)


def test_without_overrides_runs_stay_on_this_machine() -> None:
    launch = load_launch()
    assert (launch.launcher, launch.driver, launch.stalled_attempts, launch.max_jobs) == ("local", "here", 5, None)
    assert launch.poll_seconds == 0.25
    assert load_launch(["launcher=slurm"]).poll_seconds == 5
    assert load_launch(["launcher=slurm", "poll_s=0.5"]).poll_seconds == 0.5


def test_a_site_wins_over_the_resources_and_the_command_line_over_both() -> None:
    site = load_launch(["site=example", "resources=h100x8", "launcher=slurm"]).resources
    assert (site.partition, site.gpus_per_node, site.modules) == ("gpu", 8, ("cuda/13.0",))
    mine = load_launch(["resources.partition=mine", "site=example", "launcher=slurm"]).resources
    assert (mine.partition, mine.account) == ("mine", "mylab")


def test_values_of_slurms_own_grammar() -> None:
    overrides = ['resources.constraint="[a*2&(b|c)]"', 'resources.exclude="gpu[1-2,4]"', 'resources.partition="a,b"']
    found = load_launch(["launcher=slurm", *overrides]).resources
    assert (found.constraint, found.exclude, found.partition) == ("[a*2&(b|c)]", "gpu[1-2,4]", "a,b")


def test_a_sweeps_overrides_are_split_and_each_part_composes() -> None:
    launch = ["launcher=slurm", "++resources.partition=gpu", "resources=h100x1", "site=none", "~max_jobs", "poll_s=1"]
    launch += ["retry.killed_retries=0", "driver=here", "stalled_attempts=2", "ask_above_gpu_hours=1", "+max_jobs=2"]
    others = [
        "study=demo",
        "study.parallel=4",
        "trainer.steps=2",
        "platform.gpus=1",
        "run.name=launcher=x",
        "launchr=x",
    ]
    mixed = [text for pair in zip(launch, others, strict=False) for text in pair] + launch[len(others) :]
    assert split(mixed) == (launch, others)
    assert load_launch([text for text in launch if text != "~max_jobs"]).max_jobs == 2
    assert resolve(["trainer.steps=2"]).trainer.steps == 2


def test_no_launch_key_is_a_key_of_a_run_or_begins_a_studys_override() -> None:
    assert not LAUNCH_KEYS & {*resolve().to_dict(), "study", "experiment"}
    with pytest.raises(ConfigError, match="keys of the configuration must be known ones; got 'launcher'"):
        RunConfig.from_dict({**resolve().to_dict(), "launcher": "slurm"})


@pytest.fixture(params=["conf", "my conf", "it's \\", 'q"$(x)${y},[z]', "é"])
def own(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / request.param
    (folder / "site").mkdir(parents=True)
    (folder / "resources").mkdir()
    (folder / "site" / "uni.yaml").write_text("# @package resources\npartition: short\nsetup: ['cd /scratch']\n")
    (folder / "resources" / "big.yaml").write_text("defaults: [h100x8, _self_]\nmem_gb: 2000\n")
    monkeypatch.setenv(VARIABLE, str(folder))
    return folder


def test_sites_and_resources_of_ones_own(own: Path) -> None:
    launch = load_launch(["launcher=slurm", "site=uni", "resources=big"])
    found = launch.resources
    assert (found.partition, found.setup, found.mem_gb, found.gpus_per_node) == ("short", ("cd /scratch",), 2000, 8)
    with pytest.raises(ConfigError, match=r"got 'un'. Did you mean 'uni'. Valid: example, none, uni"):
        load_launch(["site=un"])
    with pytest.raises(ConfigError, match="options of the group 'site' must be known ones; got 'uni'"):
        resolve(["site=uni"])  # runs do not see the folder


@pytest.mark.parametrize("own", ["conf"], indirect=True)
@pytest.mark.parametrize(
    ("name", "text", "phrases"),
    [
        ("site/bad", "a: [1\n", ["must compose", "bad.yaml"]),
        ("site/bad", "# @package resources\npartition: a b\n", ["resources.partition must consist of", "'a b'"]),
        ("site/bad", "partition: gpu\n", ["a site sets keys of resources", "`# @package resources`"]),
        ("site/bad", "# @package resources\nparttion: gpu\n", ["keys of resources", "Did you mean 'partition'?"]),
        ("site/bad", "# @package _global_\nmax_jobs: x\n", ["max_jobs must be a whole number or null", "'x'"]),
        ("site/none", "", ["must not have the name of a shipped one", "site/none.yaml", "another name"]),
    ],
)
def test_a_broken_file_of_ones_own_is_refused(own: Path, name: str, text: str, phrases: list[str]) -> None:
    (own / f"{name}.yaml").write_text(text)
    with pytest.raises(ConfigError) as refusal:
        load_launch(["launcher=slurm", f"site={name.removeprefix('site/')}"])
    assert [phrase for phrase in phrases if phrase not in str(refusal.value)] == [], str(refusal.value)


@pytest.mark.parametrize("there", [False, True])
def test_a_folder_that_is_missing_or_has_none_of_the_groups_is_refused(
    there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "conf"
    if there:
        (folder / "sites").mkdir(parents=True)
    monkeypatch.setenv(VARIABLE, str(folder))
    with pytest.raises(ConfigError) as refusal:
        load_launch()
    assert "must name a folder with at least one of site/, resources/, driver_resources/, retry/" in str(refusal.value)
    assert repr(str(folder)) in str(refusal.value) and "or unset ENTROCRAFT_CONF" in str(refusal.value)


def test_an_empty_variable_names_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    assert load_launch() == LaunchConfig.from_dict(load_launch().to_dict())


@pytest.mark.parametrize(
    ("run", "needed"),
    [
        ("trainer.device=cpu", 0),
        ("trainer.device=cuda", 1),
        ("backend=verl platform=cpu", 0),
        ("backend=verl platform=gpu8", 8),
        ("backend=verl platform=gpu8 platform.gpus=4", 4),
    ],
)
def test_a_job_has_at_least_the_gpus_of_its_run(run: str, needed: int) -> None:
    config, launch = resolve(run.split()), load_launch(["launcher=slurm"])
    assert gpus_needed(config) == needed
    for asked in (0, 1, 4, 8):
        resources = replace(launch.resources, gpus_per_node=asked)
        if asked >= needed:
            check_fit(config, resources)
            continue
        with pytest.raises(
            ConfigError, match=f"gpus_per_node {asked}, {needed} used. Set resources.gpus_per_node={needed}"
        ):
            check_fit(config, resources)
