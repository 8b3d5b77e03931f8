"""One scheduled check, without a person watching: from what earlier runs left behind to the notification.

alone       one check at a time in a directory of runs
leftovers   what earlier runs left behind, taken back
allowed     whether the run may do all that it needs
clock       a clock that was set back
running     `chaos run` as a child, and what came of it
outcome     what came of one experiment
pruning     which runs go, as a pure function; removing: their files
publishing  trend pages and metrics
notifying   Chaos Toolkit's notifications
checking    all of it, in order
"""
