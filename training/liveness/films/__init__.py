"""Films of living faces and of simulated attacks, through the door's own pipeline."""
