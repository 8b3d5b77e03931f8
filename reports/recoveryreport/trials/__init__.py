"""Repeated runs of one experiment: running them, and pooling what they measured.

records     what stands in trials.json
conditions  what must be alike in runs that are pooled
recorded    one run as far as pooling needs it
pool        from recorded runs to trials.json
durations   one duration over all runs: median, interval, survival
writes      what became of the acknowledged writes in all of them
doubts      what the pooled numbers cannot tell
running     `chaos run`, again and again
terminal    the summary for a terminal
"""
