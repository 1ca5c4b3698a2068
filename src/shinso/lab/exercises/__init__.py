"""Answers to the notebooks' tasks, checked. One file for each notebook; each defines TASKS."""
