"""What can be proved: checks of what really runs, and the findings they leave."""
