"""The texts of the configuration files: settings in, text out, nothing touched."""

from __future__ import annotations

from pathlib import Path

from tests.testbed.settings import PORT_OF_ACCOUNTING, PORT_OF_FIRST_NODE, Settings

DATABASE, DATABASE_USER, DATABASE_PASSWORD = "slurm_acct_db", "slurm", "testbed"
CLUSTER_NAME = "test"
GPU_TYPE = "h100"


def configuration(settings: Settings) -> dict[Path, str]:
    """Path -> text of every configuration file."""
    etc = settings.folder / "etc"
    files = {etc / "slurm.conf": slurm_conf(settings), etc / "gres.conf": gres_conf(settings)}
    return files | ({etc / "slurmdbd.conf": slurmdbd_conf(settings)} if settings.accounting else {})


def slurm_conf(settings: Settings) -> str:
    """Preemption as on a shared cluster: partition `high` ends jobs of partition `low`, which are queued again."""
    folder, base, last = settings.folder, settings.base_port, settings.nodes
    nodes, first_port = f"gpu[1-{last}]", base + PORT_OF_FIRST_NODE
    return f"""\
ClusterName={CLUSTER_NAME}
SlurmctldHost={settings.host}(127.0.0.1)
SlurmctldPort={base}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# Under 5 seconds it is silently ignored, and a requeued job then waits 120 seconds.
AuthInfo=socket={folder}/munge.sock,cred_expire=5
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmdPidFile={folder}/run/slurmd-%n.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
{_accounting(settings)}
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_interval=1,batch_sched_delay=0
# The nodes are larger than the machine.
SlurmdParameters=config_overrides
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
{"SlurmctldParameters=preempt_send_user_signal" if settings.preempt_signal else "# no preempt_send_user_signal"}
ReturnToService=2
SlurmdTimeout={settings.node_timeout_s}
KillWait={settings.kill_wait_s}
MinJobAge={settings.min_job_age_s}
GresTypes=gpu
NodeName={nodes} NodeHostname={settings.host} NodeAddr=127.0.0.1 Port=[{first_port}-{first_port + last - 1}] \
CPUs=16 Boards=1 SocketsPerBoard=1 CoresPerSocket=16 ThreadsPerCore=1 RealMemory=64000 \
Gres=gpu:{GPU_TYPE}:{settings.gpus_per_node}
PartitionName=low Nodes={nodes} Default=YES PriorityTier=1 PreemptMode=REQUEUE \
GraceTime={settings.grace_time_s} DefMemPerCPU=100
PartitionName=high Nodes={nodes} PriorityTier=100 PreemptMode=OFF DefMemPerCPU=100
"""


def _accounting(settings: Settings) -> str:
    if not settings.accounting:
        return "AccountingStorageType=accounting_storage/none"
    # sacct takes munge's socket from the field that is called a password.
    return f"""\
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={settings.base_port + PORT_OF_ACCOUNTING}
AccountingStoragePass={settings.folder}/munge.sock
AccountingStorageTRES=gres/gpu"""


def gres_conf(settings: Settings) -> str:
    """GPUs without a file make a node invalid, and regular files set no CUDA_VISIBLE_DEVICES: `devices` are nodes."""
    files = f"{settings.folder}/dev/nvidia[0-{settings.gpus_per_node - 1}]"
    return f"AutoDetect=off\nNodeName=gpu[1-{settings.nodes}] Name=gpu Type={GPU_TYPE} File={files}\n"


def devices(settings: Settings) -> list[Path]:
    """The device nodes that stand for GPUs."""
    return [settings.folder / "dev" / f"nvidia{number}" for number in range(settings.gpus_per_node)]


def slurmdbd_conf(settings: Settings) -> str:
    folder = settings.folder
    return f"""\
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={settings.base_port + PORT_OF_ACCOUNTING}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
LogFile={folder}/log/slurmdbd.log
PidFile={folder}/run/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageLoc={DATABASE}
StorageUser={DATABASE_USER}
StoragePass={DATABASE_PASSWORD}
CommitDelay=1
"""


def database_sql() -> str:
    """Creates what slurmdbd wants to find; again changes nothing."""
    return (
        f"CREATE DATABASE IF NOT EXISTS {DATABASE};"
        f"CREATE USER IF NOT EXISTS '{DATABASE_USER}'@'localhost' IDENTIFIED BY '{DATABASE_PASSWORD}';"
        f"GRANT ALL ON {DATABASE}.* TO '{DATABASE_USER}'@'localhost';"
    )
