"""From recorded runs to figures and one-file HTML: the `chaos recovery` commands.

commands    the click group; the only module that has a record judged
report      everything that is drawn of one run, and where it goes
terminal    the summary for a terminal
page        the HTML page (page.html.j2, page.css, page.js)
document    the same in pages of text, for the PDF (pdf)
timeline    figure: what each lane saw over time (scene, lanerow, density, labels)
phases      figure: where the seconds went
latency     figure: how long answers took (parts, overtime, latencyaxis)
subject     a run as its figures need it (series: operations as arrays)
marks       watch events as moments with names
experiment  what was asked: title, description, text
journal     what was done, and how it went
gaps        what a record does not hold
machine     one run for other programs: JSON, JUnit XML, OpenMetrics, Markdown
words       results in plain words, the same everywhere
trials      many runs of one experiment: running and pooling them
trend       the runs of every experiment over months: one list of all, change points, what is missing
matrix      an experiment under every combination of some settings
compare     two sets of runs: is the new one better or worse?
advisor     what a change of a setting would save, as far as runs bear it out
strips      one duration over many runs, as it is drawn (striprow, axis)
statistics  what can be said of repeated trials, and how surely
style       colours, fonts, sizes
canvas      figures without pyplot (sheet: in inches)
steps       a bar for what takes a while
"""
