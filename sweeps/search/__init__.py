"""What a study may try next: the space as Optuna sees it, new configurations of it, and who gets further seeds.

canonical, sizes                   equal configurations; how many distinct points a space has
drawing, points, nearest           distributions and names; a point from overrides; the nearest one that is unused
samplers, proposing                Optuna's samplers by name; the next configuration of one
promotion                          further seeds, by successive halving (pure)
"""
