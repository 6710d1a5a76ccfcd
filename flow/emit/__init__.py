"""From a scheduled program to the folder a hardware team picks up."""
