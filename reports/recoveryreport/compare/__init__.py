"""Two sets of runs of one experiment: does the new one recover sooner or later, and does it lose more?

records    what stands in compare.json
reading    a run, a directory of runs or the result of trials, as trials
likeness   what must be alike in two sets that are compared, and what differs
shifts     one duration in both sets: by how much they differ, and how surely
losses     runs with a loss in both sets
decide     from two sets to the answer
doubts     what the numbers cannot tell
words      the answer in plain words: the same in the terminal, the page and the figure
scene, figure, page, drawing   compare.html, compare.png and compare.svg
store      where they go
terminal   the summary for a terminal
"""
