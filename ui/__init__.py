"""What people see: the `aisle` command. Renders what the other rooms return; decides nothing."""
