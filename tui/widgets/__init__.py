"""Widgets: what is on the screen. They get data by method and report by message."""
