"""Head pose by direct regression: convention, readers of public sets, a network of its own."""
