"""The doors: commands, settings, the pipeline and the demo; the one place that knows both sides."""
