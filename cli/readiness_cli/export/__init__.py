"""The findings in the formats of other tools, each a pure function of the findings."""
