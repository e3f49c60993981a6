"""Believing: stages that turn observations into links, classes, graphs, ranks, verdicts and marts."""
