"""`entrocraft doctor`: what a machine lacks for a run or a study, judged from outputs that were captured before.

finding     one line of the report
filesystem  the folder of the studies: what kind of file system, how much room
software    packages, the GPU, the experiment tracker, the state of the checkout

What Slurm says is judged by `slurm.check`.
"""
