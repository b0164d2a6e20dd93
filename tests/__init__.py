"""Tests of Earmark."""
