"""What is proved, a file per scenario. Each takes the running bench and a result to write into."""
