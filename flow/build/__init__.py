"""How a build folder comes to be: stored stage values, resuming, manifest, atomic publication."""
