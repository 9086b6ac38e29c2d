"""The bridge to verl: typed configuration to verl's overrides, its process, its logs and dumps to the run folder.

Nothing here imports verl; what runs inside verl's processes is `harness.verl_plugin`.
"""
