"""Events counted by day and word: their models, how they are made, and what may be shown."""
