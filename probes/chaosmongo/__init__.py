"""Chaos Toolkit extension: the words that experiments use, and the measuring behind them."""
