"""One experiment under every combination of two or more settings, and what became of each.

records    what stands in matrix.json
strict     YAML that does not drop what stands there twice
reading    from a matrix file to the cells that it asks for
order      in which order the runs are made
running    the runs of all cells, one after the other
pool       from the recorded runs of the cells to matrix.json
store      where the files go, and going on with what is there
panels     what the figure shows, worked out before anything is drawn
figure     small multiples: one panel a cell
page       the table of cells as one HTML file
drawing    everything that is drawn of a matrix
words      what the cells say, in a few plain words
terminal   the summary for a terminal
"""
