"""What an engine is: its parameters (``hw.json``) and what follows from them."""
