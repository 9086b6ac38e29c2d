"""One offline HTML page of a study.

facts, collect           what the page says, as plain data; from a study's folder to it
estimates, caveats       intervals from the noise between seeds; what the reader must not conclude
plot                     a figure with its words and its table; the modules named after figures make one each
page                     facts and figures to HTML
"""
