"""What every room needs and no room owns: settings, failures, model artifacts, traces."""
