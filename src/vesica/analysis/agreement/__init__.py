"""Whether whole numbers tend to the mean field as copy numbers grow: statistics, and what is said of them."""
