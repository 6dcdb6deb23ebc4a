"""What a hostile or broken station may send: anything at all."""
