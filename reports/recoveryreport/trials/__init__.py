"""Repeated runs of one experiment: running them, and pooling what they measured.

records     what stands in trials.json
conditions  what must be alike in runs that are pooled
recorded    one run as far as pooling needs it
pool        from recorded runs to trials.json
durations   one duration over all runs: median, p95, intervals, survival
writes      what became of the acknowledged writes in all of them
doubts      what the pooled numbers cannot tell
running     `chaos run`, again and again
store       where trials.json goes
words       what they say, in a few plain words
overview    figure: recovery times and unavailability, every run a point
survival    figure: how many had not recovered after how long
byrun       figure: phases and losses, run by run
page        everything as one HTML file
drawing     everything that is drawn of many runs
showing     how far the trials are, while they are run
terminal    the summary for a terminal
"""
