"""What `./portal` does before and around the portal's own processes. Standard library only."""
