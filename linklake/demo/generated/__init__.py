"""A web made from a seed, with everything known about it: sites, pages, links, and who plays which part."""
