"""The morning after: one page of what the night did to each laser."""
