"""`linklake report`: the index, or one domain of it, as one page that opens offline, as Markdown or as JSON."""
