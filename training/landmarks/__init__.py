"""One network for a face's points, their confidence, head pose, age and gender."""
