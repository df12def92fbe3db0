"""Reports of laboratory commands: one page, one set of charts, one module a topic."""
