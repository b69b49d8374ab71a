"""A made-up set in CASIA-SURF's form: it tests code and says nothing of real sensors."""
