"""What shoppers did, as User Behavior Insights records, and what is counted from them. No judgments."""
