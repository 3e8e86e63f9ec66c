"""Other people's servers, run by the tests where this machine has them."""
