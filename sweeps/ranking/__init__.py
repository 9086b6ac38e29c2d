"""What a study has shown: which configuration is best and how surely, what the good ones share, which trade off.

best, two_way, chi_square          probabilities of being the best, from few seeds (pure)
pareto                             the front of several objectives (pure)
importance                         which parameters matter: PED-ANOVA
"""
