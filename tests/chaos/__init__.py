"""The chaos run of `launcher=slurm`: a study of short runs on a real cluster, broken at random, ends as if it was not.

`python -m tests.chaos` (`make chaos`, CHAOS_SEED=N) runs a list of runs as Slurm jobs of `tests.testbed` while faults
strike it, and the same list without faults as processes of this machine; then it compares the two bit by bit.

    study      the list of runs, the settings of the launch, a long and a short form
    world      what the faults see and touch: jobs, processes, the disk
    faults     kind of fault -> how it strikes; processes, slurm, disk
    keeper     starts drivers as long as the study is not over
    storm      the loop: which fault strikes when
    witness    a module that every process of a run loads, and that notes when it is at work
    checks     what must hold at the end; tested against doctored folders
    report     the counts
"""
