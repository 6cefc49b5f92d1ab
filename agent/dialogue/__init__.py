"""What is looked for, as turn after turn changes it."""
