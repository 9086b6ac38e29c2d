"""What runs inside verl's processes: the trainer with the filter, the reward function, the CPU platform.

The only package that imports verl. verl loads `entry` through the entry-point group `verl.plugins`.
"""
