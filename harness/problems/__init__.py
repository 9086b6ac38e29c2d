"""Problem sets with verifiable rewards. Embedded here: countdown."""
