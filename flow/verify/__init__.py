"""Program on an engine against the oracle, byte for byte."""
