"""Readers of head pose data sets; each turns degrees and signs into `training.pose.rotation`'s."""
