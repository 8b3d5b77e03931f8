"""The runs of every experiment over wall-clock time: what their recovery times and losses did, and what is missing.

records     what stands in trend.json
finding     which runs there are below a directory
reading     one run, from its run.json and verdict.json
changes     what was not as in the run before
schedule    runs that were expected and are not there
series      the values over the runs, and the levels on which they lie
assembling  from what was found to trend.json
scene       what the figure of an experiment shows, worked out before anything is drawn
figure      recovery times by lane, writes lost and verdicts over time
painting    the figures of many experiments, by several processes
page        the two HTML pages: all runs, and their course
drawing     everything that is drawn of a trend
words       what a trend says, in a few plain words
terminal    the summary for a terminal
"""
