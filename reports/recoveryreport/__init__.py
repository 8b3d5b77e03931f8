"""From recorded runs to figures and one-file HTML: the `chaos recovery` commands.

commands    the click group; the only module that has a record judged
report      everything that is drawn of one run, and where it goes
terminal    the summary for a terminal
page        the HTML page (page.html.j2, page.css)
timeline    figure: what each lane saw over time (scene, lanerow, labels)
phases      figure: where the seconds went
series      operations as arrays
marks       watch events as moments with names
gaps        what a record does not hold
machine     one run for other programs: JSON, JUnit XML, OpenMetrics, Markdown
words       results in plain words, the same everywhere
trials      many runs of one experiment: running and pooling them
statistics  what can be said of repeated trials, and how surely
style       colours, fonts, sizes
canvas      figures without pyplot
"""
