"""From evidence to the score that a face must reach at one site's door: the rule that door and
enrolment go by, what the evidence shows, and the section of the configuration that keeps it."""
