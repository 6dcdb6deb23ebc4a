"""One room per functional block, named as the specification names it."""
