"""A fake of Slurm's commands, not of our code: executables that run job scripts as processes of this machine.

`cluster.FakeSlurm` sets one up and has the controls; `fixture.fake_slurm` is the pytest fixture; `virtual.VirtualSlurm`
is the same in memory with a clock of its own. The modules that the executables load (`launch`, `database`, `engine`,
`supervise`, `submit`, `show`, `control`) use the standard library only and import each other by their bare names:
they run without site-packages, because a command must answer within 60 ms.

There is no daemon. Every command first brings the state up to date (`engine.advance`), and each running job has a
supervisor process, which is the job's slurmstepd: it starts the script, signals, times out, kills, writes the end.
Whatever is killed with SIGKILL, the database stays whole (SQLite transactions), and the next command finds out.
"""
