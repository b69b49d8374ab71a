"""What the door decides on films of people: multi-frame figures through its own pipeline."""
